"""XML → Alert → XML is the identity on whatever sound alert there may be, and what is written is always valid."""

from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from warning import atom, cap, capxml

SETTINGS = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Everything XML can hold, as an operator or a partner may type it: CJK, emoji, markup, line ends.
texts = st.text(st.one_of(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), st.sampled_from("\n\t\r<>&'\"【】演练")),
                max_size=30).map(str.strip)
words = texts.filter(bool)
tokens = st.text("abcXYZ019._-:/@", min_size=1, max_size=20)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
seconds = st.integers(0, 4_000_000_000)
starts = st.builds(datetime.fromtimestamp, seconds, offsets)
named = st.builds(cap.NamedValue, name=texts, value=texts)
degrees = st.floats(-1, 1, allow_nan=False)


@st.composite
def rings(draw: st.DrawFn) -> cap.Ring:
    corners = draw(st.lists(st.tuples(degrees.map(lambda x: x * 90), degrees.map(lambda x: x * 180)), min_size=3, max_size=8))
    return (*corners, corners[0])


areas = st.builds(
    cap.Area, area_desc=words, polygons=st.lists(rings(), max_size=2).map(tuple),
    circles=st.lists(st.builds(cap.Circle, lat=degrees, lon=degrees, radius_km=st.floats(0, 1000)), max_size=2).map(tuple),
    geocodes=st.lists(named, max_size=2).map(tuple), altitude=st.one_of(st.none(), st.floats(-100, 30_000)))
resources = st.builds(
    cap.Resource, resource_desc=texts, mime_type=texts, size=st.one_of(st.none(), st.integers(0, 10**9)), deref_uri=texts, digest=texts)


@st.composite
def alerts(draw: st.DrawFn) -> cap.Alert:
    sent = draw(starts)
    shared = {
        "urgency": draw(st.sampled_from(get_args(cap.Urgency))), "severity": draw(st.sampled_from(get_args(cap.Severity))),
        "certainty": draw(st.sampled_from(get_args(cap.Certainty))), "event_codes": tuple(draw(st.lists(named, max_size=2))),
        "onset": draw(st.one_of(st.none(), st.just(sent))), "expires": sent + timedelta(minutes=draw(st.integers(1, 10_000))),
        "areas": tuple(draw(st.lists(areas, max_size=2))),
    }
    infos = tuple(
        draw(st.builds(
            cap.Info, language=st.just(language), event=words, headline=texts, description=texts, instruction=texts, audience=texts,
            sender_name=texts, contact=texts, categories=st.lists(st.sampled_from(get_args(cap.Category)), min_size=1, max_size=3).map(tuple),
            response_types=st.lists(st.sampled_from(get_args(cap.ResponseType)), max_size=2).map(tuple),
            parameters=st.lists(named, max_size=2).map(tuple), resources=st.lists(resources, max_size=1).map(tuple),
            **{key: st.just(value) for key, value in shared.items()}))
        for language in draw(st.sampled_from([(), ("zh-CN",), ("zh-CN", "en-US")])))
    msg_type = draw(st.sampled_from(get_args(cap.MsgType)))
    earlier = st.builds(cap.Reference, sender=tokens, identifier=tokens, sent=st.just(sent - timedelta(minutes=draw(st.integers(0, 500)))))
    return cap.Alert(
        identifier="new" + draw(tokens), sender="we" + draw(tokens), sent=sent, status=draw(st.sampled_from(get_args(cap.Status))),
        msg_type=msg_type, scope=draw(st.sampled_from(get_args(cap.Scope))), source=draw(texts), restriction=draw(words), addresses=draw(words),
        codes=tuple(draw(st.lists(words, max_size=2))), note=draw(words), infos=infos,
        references=tuple(draw(st.lists(earlier, min_size=0 if msg_type == "Alert" else 1, max_size=3))),
        incidents=tuple(draw(st.lists(words.filter(lambda word: '"' not in word), max_size=2))))


@SETTINGS
@given(alerts())
def test_an_alert_comes_back_from_xml_as_it_went(alert: cap.Alert) -> None:
    data = capxml.write(alert)
    assert capxml.xsd_errors(data) == []
    result = capxml.read(data)
    assert result.repairs == ()
    assert result.alert == alert
    assert capxml.write(result.alert) == data


@settings(SETTINGS, max_examples=30)
@given(st.lists(alerts(), max_size=3))
def test_alerts_come_back_from_a_feed(several: list[cap.Alert]) -> None:
    read = capxml.read_feed(atom.feed(several, url="https://example.org/feed.atom", now=datetime(2024, 1, 1, tzinfo=UTC), title="t"))
    assert sorted((result.alert for result in read), key=repr) == sorted(several, key=repr)
