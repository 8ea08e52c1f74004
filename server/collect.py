"""The GraphQL files of a client → its documents, one for each operation, with the fragments that it needs.

In: texts by their paths. Out: documents by their SHA-256. What is refused, `client_files` refuses.
"""

from __future__ import annotations

from collections.abc import Mapping

import graphql as g

from .client_files import ClientFiles
from .documents import digest


def collect(sources: Mapping[str, str]) -> dict[str, str]:
    """The documents of these files, each printed anew, so that its hash does not depend on comments or spaces."""
    texts = (g.print_ast(document) for _, _, document in ClientFiles(sources).operations())
    return {digest(text): text for text in texts}
