"""Which object stores can be opened here, told before one is needed, and without loading its library."""

from importlib.util import find_spec


def unusable(url: str) -> str | None:
    """Why no store is opened by this address; ``None`` when its scheme is known and its package is there."""
    from fsspec.registry import known_implementations, registry

    scheme, is_address, _ = url.partition("://")
    scheme = scheme.partition("::")[0]
    if not is_address or scheme in registry:
        return None
    if (known := known_implementations.get(scheme)) is None:
        return f"no object store is known for {scheme}://: name a folder, or s3://bucket/prefix"
    module = str(known["class"]).partition(".")[0]
    return None if find_spec(module) else f"{scheme}:// needs the package {module}, which is not installed"
