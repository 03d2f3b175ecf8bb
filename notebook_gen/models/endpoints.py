"""Where calls go: the address of an endpoint, its key, and the proxy on the way."""

import ipaddress
import urllib.request
from dataclasses import dataclass, field

from yarl import URL

from notebook_gen.config.models import Model
from notebook_gen.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A chat endpoint as one model uses it.

    Attributes:
        url: where calls are posted to.
        shown: the address for messages: what the user wrote, without a query, which may hold secrets.
        model: the model's name there.
        key_name: the environment variable that holds the key; None where none was named.
        key: the key itself.
        timeout: seconds a call may take.
    """

    url: URL
    shown: str
    model: str
    key_name: str | None
    key: str | None = field(repr=False)
    timeout: float

    def hide_key(self, body: bytes) -> bytes:
        """Give what the endpoint sent without the key; some repeat in their errors what they were asked."""
        return body.replace(self.key.encode(), "•••".encode()) if self.key else body


def make_endpoint(model: Model, base_url: str | None, key: str | None) -> Endpoint:
    """Address a model's endpoint.

    Args:
        model: the model.
        base_url: where it is, if not where the model says.
        key: its key, if it needs one.
    """
    base = URL(base_url or model.url)
    url = base.joinpath("chat", "completions").with_query(base.query)
    shown = str(base.with_query(None))
    return Endpoint(url, shown, model.model, model.key_name, key, model.timeout)


def find_proxy(url: URL) -> str | None:
    """Give the proxy that the environment names for an address; never one for this machine itself.

    Asked for once a client, not left to aiohttp, which would ask for it, and read ~/.netrc, at each call.

    Raises:
        ConfigError: the proxy is of a kind that cannot be used.
    """
    host = url.host or ""
    if _is_loopback(host) or urllib.request.proxy_bypass(host):
        return None
    proxy = urllib.request.getproxies().get(url.scheme)
    if proxy and not proxy.startswith(("http://", "https://")):
        raise ConfigError(
            f"{url.scheme.upper()}_PROXY names a proxy that is neither http:// nor https://",
            advice=f"name an HTTP proxy, or add {host} to NO_PROXY",
        )
    return proxy or None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
