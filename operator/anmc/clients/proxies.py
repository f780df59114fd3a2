"""The proxy that the environment wants for a service (operations.md 13)."""

from urllib.request import getproxies, proxy_bypass

from anmc.api.origins import Origin


def find_proxy(origin: Origin) -> str | None:
    """Return the URL of the proxy for an origin, by `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.

    It may hold a password. None: the service is reached directly.
    """
    proxies = getproxies()
    proxy = proxies.get(origin.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(f"{origin.host}:{origin.port}"):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
