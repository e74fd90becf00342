"""The texts of a form, both languages side by side: the templates' words as they stand for the level, the place and the end that are chosen, until somebody edits them."""

from collections.abc import Callable, Mapping

from nicegui import ui

from warning.issue.look import FormTexts
from warning.watch.ready import Texts
from warning.web.console.visit import Visit

PARTS = ("headline", "description", "instruction", "sms")
LANGUAGES = (("zh-CN", "中文"), ("en-US", "English"))


class Wording:
    """A field that says what its template says is no edit and follows it; one that is left empty says it again."""

    def __init__(self, visit: Visit, texts: Texts, edits: Mapping[str, object], *, by_hand: bool, enabled: bool, changed: Callable[[], None]) -> None:
        """``texts``: the proposal's own; ``edits``: what was changed of them already. Of a proposal by hand these may be somebody's words, so all of them are sent on."""
        self._texts, self._by_hand, self._changed = texts, by_hand, changed
        # What the templates say for each field, once it is known: of a proposal from data they have made its texts.
        self._offered: Texts | None = None if by_hand else texts
        self._base: Texts | None = self._offered
        self._filling = False
        self._fields: dict[str, dict[str, ui.textarea]] = {}
        with ui.element("div").classes("texts"):
            for language, name in LANGUAGES:
                own = edits.get(language)
                shown = {**texts.get(language, {}), **(own if isinstance(own, Mapping) else {})}
                with ui.element("div"):
                    self._fields[language] = {part: self._field(visit, language, name, part, shown.get(part, ""), enabled) for part in PARTS}

    def _field(self, visit: Visit, language: str, name: str, part: str, value: str, enabled: bool) -> ui.textarea:
        # Read-only, not disabled: an approver must be able to read, scroll and copy every word.
        field = ui.textarea(f"{name} · {visit.t(part)}", value=value, on_change=self._touched).props(
            f'outlined dense autogrow lang="{language}"{"" if enabled else " readonly"}').style("margin-bottom:.4rem").mark(f"{language}-{part}")
        return field.on("blur", lambda: self._refill(language, part)) if enabled else field

    def _touched(self) -> None:
        if not self._filling:
            self._changed()

    def _refill(self, language: str, part: str) -> None:
        """Left empty: the template's words again."""
        field = self._fields[language][part]
        if self._base is not None and not (field.value or "").strip():
            self._fill(field, self._base[language].get(part, ""))

    def _fill(self, field: ui.textarea, words: str) -> None:
        self._filling = True
        field.set_value(words)
        self._filling = False

    def follow(self, now: FormTexts) -> None:
        """The templates say something else since the level, the cause, the places or the end were changed: so do the fields that nobody has edited."""
        before = self._base or now.came
        self._offered, self._base = now.came, now.changed
        for language, fields in self._fields.items():
            for part, field in fields.items():
                words = now.changed[language].get(part, "")
                if (field.value or "") == before.get(language, {}).get(part, "") != words:
                    self._fill(field, words)

    def changes(self) -> dict[str, dict[str, str]] | None:
        """What to submit as the change of the texts; None when there is none."""
        if self._base is None or self._offered is None:
            alike = all((field.value or "") == self._texts.get(language, {}).get(part, "") for language, fields in self._fields.items() for part, field in fields.items())
            return None if alike else self._all()
        edits = {language: {part: words for part, words in own.items() if words != self._base.get(language, {}).get(part, "")} for language, own in self._all().items()}
        edits = {language: own for language, own in edits.items() if own}
        if not self._by_hand:
            return edits or None
        stated = {language: {part: own[part] for part in PARTS if own.get(part) and own[part] != self._offered[language].get(part)} for language, own in self._texts.items()}
        return None if edits == {language: own for language, own in stated.items() if own} else self._all()

    def _all(self) -> dict[str, dict[str, str]]:
        return {language: {part: words for part, field in fields.items() if (words := field.value or "").strip()} for language, fields in self._fields.items()}
