"""Signatures on CAP: what we sign others can verify, what was changed by a letter is broken, and keys are changed without a gap."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from lxml import etree

from warning.capxml import read, xsd_errors
from warning.errors import CapError, ConfigError
from warning.signature import SigningKey, Standing, certificates, current, pem, sign, signing_key, verify

NOW = datetime(2024, 9, 20, 4, 0, tzinfo=UTC)
SAMPLES = Path(__file__).parents[3] / "shared" / "data" / "cap"
DOCUMENT = b"""<?xml version='1.0' encoding='UTF-8'?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>31000041600000_20240920120000</identifier><sender>31000041600000</sender><sent>2024-09-20T12:00:00+08:00</sent>
  <status>Exercise</status><msgType>Alert</msgType><scope>Public</scope>
  <info><language>zh-CN</language><category>Met</category><event>\xe6\x9a\xb4\xe9\x9b\xa8</event><urgency>Expected</urgency><severity>Extreme</severity>
  <certainty>Likely</certainty><area><areaDesc>\xe6\xb5\xa6\xe4\xb8\x9c</areaDesc></area></info>
</alert>"""


def made(*, begins: datetime = NOW - timedelta(days=1), days: int = 365, kind: str = "ec") -> SigningKey:
    private = ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "desk")])
    certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(begins + timedelta(days=days))
                   .sign(private, SHA256()))
    return SigningKey(private=private, certificate=certificate)


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_what_is_signed_is_still_valid_cap_and_says_the_same(kind: str) -> None:
    key = made(kind=kind)
    signed = sign(DOCUMENT, [key], at=NOW)
    assert xsd_errors(signed.document) == []
    assert read(signed.document).alert == read(DOCUMENT).alert
    verdict = verify(signed.document, [key.certificate], at=NOW)
    assert (verdict.standing, verdict.fingerprint) == (Standing.VALID, signed.fingerprint)
    assert verdict.document is not None
    assert read(verdict.document).alert == read(DOCUMENT).alert


@pytest.mark.parametrize(("old", "new"), [(b"Extreme", b"Minor"), ("浦东".encode(), "奉贤".encode()), (b"20240920120000<", b"20240920120001<")])
def test_one_changed_word_breaks_it(old: bytes, new: bytes) -> None:
    key = made()
    forged = sign(DOCUMENT, [key], at=NOW).document.replace(old, new)
    verdict = verify(forged, [key.certificate], at=NOW)
    assert (verdict.standing, verdict.document) == (Standing.BROKEN, None)
    assert verdict.why


def test_without_a_signature_or_with_a_strangers_key_it_is_worth_nothing() -> None:
    key, stranger = made(), made()
    assert verify(DOCUMENT, [key.certificate], at=NOW).standing is Standing.UNSIGNED
    foreign = verify(sign(DOCUMENT, [stranger], at=NOW).document, [key.certificate], at=NOW)
    assert (foreign.standing, foreign.fingerprint) == (Standing.UNTRUSTED, stranger.fingerprint)
    assert verify(sign(DOCUMENT, [stranger], at=NOW).document, [], at=NOW).standing is Standing.UNTRUSTED


def test_a_signed_alert_wrapped_into_another_does_not_sign_the_other() -> None:
    key = made()
    inner = etree.fromstring(sign(DOCUMENT, [key], at=NOW).document)
    outer = etree.fromstring(DOCUMENT.replace(b"Extreme", b"Minor"))
    outer.append(inner)
    assert verify(etree.tostring(outer), [key.certificate], at=NOW).standing is Standing.UNSIGNED
    moved = inner.find("{http://www.w3.org/2000/09/xmldsig#}Signature")
    assert moved is not None
    outer.append(moved)
    assert verify(etree.tostring(outer), [key.certificate], at=NOW).standing is Standing.BROKEN


def test_a_new_key_takes_over_when_it_begins_and_the_old_one_still_verifies() -> None:
    old, new = made(begins=NOW - timedelta(days=100)), made(begins=NOW)
    assert current([old, new], at=NOW - timedelta(seconds=1)) == old
    assert current([new, old], at=NOW) == new
    before, after = sign(DOCUMENT, [old, new], at=NOW - timedelta(seconds=1)), sign(DOCUMENT, [old, new], at=NOW)
    both = [old.certificate, new.certificate]
    assert [verify(one.document, both, at=NOW).standing for one in (before, after)] == [Standing.VALID, Standing.VALID]


def test_after_its_end_a_key_neither_signs_nor_counts() -> None:
    key = made(days=10)
    later = NOW + timedelta(days=10)
    with pytest.raises(CapError, match="no signing key is valid now"):
        sign(DOCUMENT, [key], at=later)
    assert verify(sign(DOCUMENT, [key], at=NOW).document, [key.certificate], at=later).standing is Standing.EXPIRED


def test_a_key_that_cannot_be_used_is_named() -> None:
    key, other = made(), made()
    private = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert signing_key(private, pem(key.certificate).encode(), name="a").fingerprint == key.fingerprint
    with pytest.raises(ConfigError, match="signing: a: key and certificate are no pair"):
        signing_key(private, pem(other.certificate).encode(), name="a")
    with pytest.raises(ConfigError, match="signing: a: the key cannot be read"):
        signing_key("no key", pem(key.certificate).encode(), name="a")
    with pytest.raises(ConfigError, match="the certificate cannot be read"):
        signing_key(private, b"no certificate", name="a")


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no ../shared/data")
@pytest.mark.parametrize(("name", "standing"), [
    ("tg_valid", Standing.VALID), ("tg_invalid_digest", Standing.BROKEN), ("tg_invalid_signature", Standing.BROKEN), ("tg_no_signature", Standing.UNSIGNED)])
def test_a_real_alert_of_togo_and_its_broken_forms(name: str, standing: Standing) -> None:
    whole = (SAMPLES / "wmo-im+cap-validator__tg_valid.xml").read_bytes()
    body = etree.fromstring(whole).findtext(".//{http://www.w3.org/2000/09/xmldsig#}X509Certificate")
    assert body is not None
    [certificate] = certificates(f"-----BEGIN CERTIFICATE-----\n{body.strip()}\n-----END CERTIFICATE-----\n".encode(), name="togo")
    then = certificate.not_valid_before_utc + timedelta(days=1)
    assert verify((SAMPLES / f"wmo-im+cap-validator__{name}.xml").read_bytes(), [certificate], at=then).standing is standing


def test_what_was_indented_after_signing_is_verified_without_the_white_space_and_the_repair_is_told() -> None:
    key = made()
    flat = etree.tostring(etree.fromstring(DOCUMENT, etree.XMLParser(remove_blank_text=True)))
    tree = etree.fromstring(sign(flat, [key], at=NOW).document)
    etree.indent(tree)
    verdict = verify(etree.tostring(tree), [key.certificate], at=NOW)
    assert (verdict.standing, "white space" in verdict.repair) == (Standing.VALID, True)
    assert verify(sign(flat, [key], at=NOW).document, [key.certificate], at=NOW).repair == ""
