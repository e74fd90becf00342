"""Device: what a browser calls itself, in the two words by which its owner knows it again."""

_BROWSERS = (("MicroMessenger", "WeChat"), ("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux"))


def device(client: str) -> str:
    """``Mozilla/5.0 (Windows NT 10.0…) … Chrome/130… Edg/130…`` → ``Edge · Windows``; what is no browser is given as it is, cut at a word."""
    found = [next((name for mark, name in marks if mark in client), "") for marks in (_BROWSERS, _SYSTEMS)]
    return " · ".join(filter(None, found)) if all(found) else client[:60].rpartition(" ")[0] or client[:60]
