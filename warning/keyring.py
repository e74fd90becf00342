"""The keyring: keys and certificates that the settings name, read once at the start; what is wrong is refused with its name."""

from channels.wire.signature import ed25519_key, public_text
from channels.wire.vapid import Vapid, private_key
from warning.account import token_hash
from warning.errors import ConfigError
from warning.exchange.work import Partner
from warning.settings import Settings
from warning.signature import SigningKey, certificates, signing_key


def signing_keys(settings: Settings) -> list[SigningKey]:
    """The keys that sign what goes to programs, read once at the start. Raises ConfigError naming the one that is wrong."""
    found = []
    for one in settings.signing.keys if settings.signing is not None else ():
        try:
            certificate = one.certificate.read_bytes()
        except OSError as error:
            raise ConfigError(f"signing: {one.name}: {one.certificate} cannot be read: {error.strerror}") from error
        found.append(signing_key(one.key.get_secret_value(), certificate, name=one.name))
    return found


def partners(settings: Settings) -> list[Partner]:
    """Raises ConfigError for a certificate that cannot be read, and for an agreement of one."""
    found = []
    for partner in settings.partners:
        if len(set(partner.agreed_by)) == 1:
            raise ConfigError(f"partners: {partner.name}: agreed_by: one person is no agreement; name two, or none")
        try:
            pinned = [one for path in partner.certificates for one in certificates(path.read_bytes(), name=f"partners: {partner.name}")]
        except OSError as error:
            raise ConfigError(f"partners: {partner.name}: a certificate cannot be read: {error}") from error
        token = partner.token.get_secret_value()
        found.append(Partner(
            name=partner.name, token_hash=token_hash(token) if token else "", senders=partner.senders, issuer=partner.issuer, area=partner.area,
            certificates=pinned, agreed_by=partner.agreed_by, called=partner.called or partner.name, url=partner.url))
    return found


def push_keys(settings: Settings) -> dict[str, str]:
    """The public key of each Web Push channel, which a browser needs to subscribe to it."""
    kept = [(channel.name, str(channel.option("vapid_private_key") or "")) for channel in settings.channels if channel.kind == "webpush"]
    return {name: Vapid(private_key(key), "mailto:nobody@example.org").public_key for name, key in kept if key}


def webhook_keys(settings: Settings) -> list[str]:
    """The public half of each Ed25519 key that signs webhooks. Raises ConfigError naming the channel."""
    found: list[str] = []
    for channel in settings.channels:
        if channel.kind == "webhook":
            for given in (channel.options, *(route.options for route in channel.routes)):
                named = given.get("ed25519_keys", ())
                try:
                    found += [public_text(ed25519_key(str(one))) for one in (named if isinstance(named, list | tuple) else (named,))]
                except ValueError as error:
                    raise ConfigError(f"channels: {channel.name}: ed25519_keys: {error}") from error
    return list(dict.fromkeys(found))
