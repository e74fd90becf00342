"""Signature: XML-DSig on CAP documents (CAP 1.2 §3.3.4.1, W3C XML Signature 1.1): ours on what goes out, partners' on what comes in."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import product

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidCertificate, InvalidDigest, InvalidInput, InvalidSignature
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

from warning import xml
from warning.errors import CapError, ConfigError

_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_CERTIFICATE = ".//{http://www.w3.org/2000/09/xmldsig#}X509Certificate"
_METHODS = frozenset({
    SignatureMethod.ECDSA_SHA256, SignatureMethod.ECDSA_SHA384, SignatureMethod.ECDSA_SHA512, SignatureMethod.RSA_SHA256,
    SignatureMethod.RSA_SHA384, SignatureMethod.RSA_SHA512})
_DIGESTS = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})


_INDENTED = "white space between elements was added after signing; it was taken out to verify"


class Standing(StrEnum):
    """What a signature on a document is worth. Only ``VALID`` counts; each other says why not."""

    VALID = "valid"
    UNSIGNED = "unsigned"
    UNTRUSTED = "untrusted"
    EXPIRED = "expired"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """``document`` is what was really signed, and None unless VALID: read that, never the bytes that came."""

    standing: Standing
    why: str
    fingerprint: str = ""
    document: bytes | None = None
    repair: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A private key with its certificate; the certificate's dates say when it may sign."""

    private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.certificate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """The document with its signature inside, and whose key made it."""

    document: bytes
    fingerprint: str


def signing_key(private: str, certificate: bytes, *, name: str) -> SigningKey:
    """Read a key (PEM) and its certificate (PEM). Raises ConfigError naming which of them is wrong, or that they are no pair."""
    try:
        key = load_pem_private_key(private.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"signing: {name}: the key cannot be read: give PEM without a pass phrase") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ConfigError(f"signing: {name}: the key is neither RSA nor elliptic curve (P-256, P-384)")
    [read] = certificates(certificate, name=f"signing: {name}")[:1]
    if read.public_key() != key.public_key():
        raise ConfigError(f"signing: {name}: key and certificate are no pair")
    return SigningKey(private=key, certificate=read)


def certificates(pem: bytes, *, name: str) -> list[x509.Certificate]:
    """All certificates of a PEM file. Raises ConfigError."""
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise ConfigError(f"{name}: the certificate cannot be read: give PEM") from error


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256, hex, as people compare it over the telephone."""
    return certificate.fingerprint(SHA256()).hex()


def current(keys: Sequence[SigningKey], *, at: datetime) -> SigningKey | None:
    """The key that signs at ``at``: of those that are valid the one that began last, so that a new one takes over without a gap."""
    valid = [key for key in keys if key.certificate.not_valid_before_utc <= at < key.certificate.not_valid_after_utc]
    return max(valid, key=lambda key: key.certificate.not_valid_before_utc, default=None)


def sign(document: bytes, keys: Sequence[SigningKey], *, at: datetime) -> Signed:
    """``document`` with an enveloped signature and the certificate. Raises CapError when no key is valid, or it cannot be signed."""
    key = current(keys, at=at)
    if key is None:
        raise CapError("no signing key is valid now: its certificate has ended or not begun; name a new one under signing: keys")
    method = SignatureMethod.RSA_SHA256 if isinstance(key.private, rsa.RSAPrivateKey) else SignatureMethod.ECDSA_SHA256
    signer = XMLSigner(signature_algorithm=method, digest_algorithm=DigestAlgorithm.SHA256)
    try:
        done = signer.sign(xml.parse(document), key=key.private, cert=[key.certificate])
    except (InvalidInput, ValueError) as error:
        raise CapError(f"the document could not be signed: {error}") from error
    return Signed(document=etree.tostring(done, xml_declaration=True, encoding="UTF-8"), fingerprint=key.fingerprint)


def verify(document: bytes, trusted: Sequence[x509.Certificate], *, at: datetime) -> Verdict:
    """What the signature of ``document`` is worth to somebody who trusts these certificates (pinned, one by one) at ``at``.

    Raises CapError for XML that is refused before any signature is looked at.
    """
    root = xml.parse(document)
    if root.find(_SIGNATURE) is None:
        return Verdict(standing=Standing.UNSIGNED, why="the document has no signature of its own")
    shown = _shown(root)
    known = [one for one in trusted if shown is None or one == shown]
    if not known:
        return Verdict(standing=Standing.UNTRUSTED, why="the certificate is none that this partner gave us",
                       fingerprint="" if shown is None else fingerprint(shown))
    if not _canonical_base64(root):
        return Verdict(standing=Standing.BROKEN, why="the signature's value is not canonical base64: it was tampered with after signing")
    why = ""
    for certificate, (form, repair) in product(known, ((root, ""), (_unindented(root), _INDENTED))):
        try:
            found = XMLVerifier().verify(form, x509_cert=certificate, expect_config=_config(certificate), validate_schema=False)
        except (InvalidSignature, InvalidDigest, InvalidInput, InvalidCertificate, ValueError) as error:
            why = why or f"{type(error).__name__}: {error}".split("\n")[0][:200]
            continue
        whole = found[0] if isinstance(found, list) else found
        if whole.signed_xml is None or whole.signed_xml.tag != root.tag:
            return Verdict(standing=Standing.BROKEN, why="the signature covers something else than the alert", fingerprint=fingerprint(certificate))
        if not certificate.not_valid_before_utc <= at < certificate.not_valid_after_utc:
            return Verdict(standing=Standing.EXPIRED, why=f"the certificate counted until {certificate.not_valid_after_utc:%Y-%m-%d}",
                           fingerprint=fingerprint(certificate))
        return Verdict(standing=Standing.VALID, why="", fingerprint=fingerprint(certificate), document=whole.signed_data, repair=repair)
    return Verdict(standing=Standing.BROKEN, why=why)


def _canonical_base64(root: etree._Element) -> bool:
    """The last digit of base64 has bits that do not count; a value that differs there only would pass for the same signature (RFC 4648 §3.5)."""
    text = "".join((root.findtext(f"{_SIGNATURE}/{_SIGNATURE.replace('Signature', 'SignatureValue')}") or "").split())
    try:
        return base64.b64encode(base64.b64decode(text, validate=True)).decode() == text
    except ValueError:
        return False


def _unindented(root: etree._Element) -> etree._Element:
    """Without the white space between elements, which says nothing in CAP: a real publisher indents after it has signed."""
    parser = etree.XMLParser(remove_blank_text=True, resolve_entities=False, no_network=True)
    return etree.fromstring(etree.tostring(root), parser)


def _config(certificate: x509.Certificate) -> SignatureConfiguration:
    """The signature is a child of the alert itself and covers one thing: a signed copy hidden elsewhere in the document counts for nothing.

    Dates are looked at by ``verify`` itself, after the signature: expired and broken are told apart.
    """
    return SignatureConfiguration(
        location="./", expect_references=1, signature_methods=_METHODS, digest_algorithms=_DIGESTS,
        verification_time=certificate.not_valid_before_utc)


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _shown(root: etree._Element) -> x509.Certificate | None:
    """The certificate that the document brings along: only a hint which of the trusted ones to try."""
    found = root.find(_CERTIFICATE)
    if found is None or not found.text:
        return None
    body = "".join(found.text.split())
    try:
        return x509.load_pem_x509_certificate(f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n".encode())
    except ValueError:
        return None
