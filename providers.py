"""Who signs people in, for `auth(providers=[...])`: `from hedgerow.providers import GitHub, Google`."""

from .server.oauth.apple import Apple
from .server.oauth.facebook import Facebook
from .server.oauth.github import GitHub
from .server.oauth.google import Google
from .server.oauth.microsoft import Microsoft
from .server.oauth.oidc import OIDC
from .server.oauth.x import X

__all__ = ["OIDC", "Apple", "Facebook", "GitHub", "Google", "Microsoft", "X"]
