"""Keys: skip to the content, single keys for what is done most, and a list of them behind the question mark; none acts while somebody types."""

import json
from html import escape

from nicegui import ui

from warning.web.console.visit import Visit

# (key, word, where it goes or what it presses). A page is an address below /console; "@…" is the part of this page with that name, which gets the focus.
KEYS: tuple[tuple[str, str, str], ...] = (
    ("1", "proposals", "/"), ("2", "compose", "/compose"), ("3", "packs", "/packs"), ("4", "wall", "/wall"),
    ("j", "key_next", "next"), ("k", "key_before", "before"), ("p", "key_proposals", "@proposals"), ("e", "key_editor", "@evidence"),
    ("f", "key_in_force", "@in_force"), ("o", "key_progress", "@progress"), ("m", "key_map", "@map"),
    ("l", "other_language", "language"), ("?", "key_help", "help"),
)

CSS = """
.skip{position:absolute;left:-999px;top:0;z-index:5000;background:#fff;color:#0b4fa8;padding:.5rem 1rem;font-weight:700}.skip:focus{left:0}
kbd{border:1px solid #8c98a6;border-bottom-width:2px;border-radius:4px;padding:0 .4rem;background:#f7f9fb;color:#1b2430;font:inherit}
.mini{border:1px solid #8c98a6;border-radius:5px;background:#fff;color:#0b4fa8;padding:.15rem .5rem;min-height:26px;font:inherit;font-size:.86rem;cursor:pointer}
.mini:hover{background:#e5effb}.head .mini{background:none;color:#fff;border-color:#8c98a6}.head .mini:hover{background:#33404f}.plain{list-style:none;margin:0;padding:0}
:is(.mini,input,select,textarea,summary,[tabindex]):focus-visible{outline:3px solid #0b4fa8;outline-offset:1px}
@layer theme{:is(.q-btn,[readonly]):focus-visible{outline:3px solid #0b4fa8!important;outline-offset:1px}}
dialog.keys{border:1px solid #8c98a6;border-radius:8px;padding:1rem 1.4rem;max-width:34rem;color:#1b2430;background:#fff}dialog.keys::backdrop{background:rgba(0,0,0,.45)}
dialog.keys table{border-collapse:collapse;margin:.5rem 0}dialog.keys td{padding:.2rem 1rem .2rem 0}
"""
"""Quasar takes the ring from its buttons, and from texts that are only read, by an important rule of its last layer; what is important in an earlier layer outdoes it."""

# Single keys only (WCAG 2.2, 2.1.4): never with Ctrl, Alt or Meta, never in a field, and they can be switched off in the list.
_SCRIPT = """
(() => { const keys = %s, off = () => localStorage.getItem('xxs-keys') === 'off', dialog = () => document.getElementById('keys');
const focus = (at) => { if (at) { at.setAttribute('tabindex', '-1'); at.focus(); at.scrollIntoView({block: 'start'}) } };
const go = (to) => {
  if (to === 'help') { if (!dialog()) document.body.append(document.getElementById('keys-made').content.cloneNode(true));
    document.getElementById('keys-off').checked = off(); if (!dialog().open) dialog().showModal(); return }
  if (to === 'language') { const a = document.querySelector('a.language'); if (a) a.click(); return }
  if (to === 'next' || to === 'before') { const all = [...document.querySelectorAll('button.entry')]; if (!all.length) return;
    const now = all.indexOf(document.activeElement); all[(now + (to === 'next' ? 1 : -1) + all.length) %% all.length].focus(); return }
  if (to[0] === '@') { focus(document.querySelector(`[aria-label="${to.slice(1)}"]`)); return }
  location.href = '/console' + to + location.search };
document.addEventListener('DOMContentLoaded', () => document.getElementById('popup').setAttribute('role', 'alert')); // NiceGUI's word that the server is silent
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.defaultPrevented) return;
  if (event.target.closest('input,textarea,select,[contenteditable],.q-dialog,[role=application]') || (dialog() && dialog().open)) return;
  if (off() && event.key !== '?') return;
  const to = keys[event.key]; if (to) { event.preventDefault(); go(to) } });
document.addEventListener('change', (event) => { if (event.target.id === 'keys-off') localStorage.setItem('xxs-keys', event.target.checked ? 'off' : 'on') });
// What has the focus is not left under the buttons that stay at the foot of a form: a browser shows a text's caret and no more.
document.addEventListener('focusin', ({target}) => requestAnimationFrame(() => {
  const acts = [...document.querySelectorAll('.acts')].find((one) => one.parentElement.contains(target) && !one.contains(target)); if (!acts) return;
  const box = (target.closest('.q-field') || target).getBoundingClientRect(), under = box.bottom - acts.getBoundingClientRect().top;
  if (under > 0) scrollBy(0, Math.max(0, Math.min(under + 8, box.top - 60))) }));
document.addEventListener('click', (event) => {
  if (event.target.closest('a.skip')) { event.preventDefault(); focus(document.querySelector('main')) }
 if (event.target.closest('[data-keys]')) go('help') });
})();
"""


def keys(visit: Visit) -> None:
    """On every page of the console."""
    ui.add_css(CSS)
    rows = "".join(f"<tr><td><kbd>{escape(key)}</kbd></td><td>{escape(visit.t(word))}</td></tr>" for key, word, _ in KEYS)
    # A template: what is not open is not there for a search in the page, nor for a screen reader.
    ui.add_body_html(
        f"<template id='keys-made'><dialog class='keys' id='keys' aria-labelledby='keys-title'><h2 id='keys-title' style='margin:0;font-size:1.1rem'>{visit.t('key_help')}</h2>"
        f"<table>{rows}</table><p><label><input type='checkbox' id='keys-off'> {visit.t('keys_off')}</label></p>"
        f"<form method='dialog'><button class='mini' autofocus>{visit.t('close')} (Esc)</button></form></dialog></template>"
        f"<script>{_SCRIPT % json.dumps({key: f'@{visit.t(to[1:])}' if to[0] == '@' else to for key, _, to in KEYS})}</script>")


def skip_link(visit: Visit) -> str:
    """Before anything else that can be reached by Tab."""
    return f"<a class='skip' href='#main'>{escape(visit.t('skip'))}</a>"


def help_button(visit: Visit) -> str:
    """In the head: who does not know the keys finds them."""
    return f"<button type='button' class='mini' data-keys aria-haspopup='dialog'>{escape(visit.t('key_help'))} <kbd>?</kbd></button>"
