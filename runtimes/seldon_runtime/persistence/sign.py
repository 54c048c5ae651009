"""``python -m seldon_runtime.persistence.sign``: sign the state that Redis holds, which you vouch for.

For states of seldon-core up to 1.7, and for those of an earlier key. The state itself is not unpickled.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from ..component.unit import unit_from
from ..errors import SeldonError, StateKeyUnusable, StateRefused
from .place import secret_from, state_key
from .seal import Seal
from .store import Store, client_from


def sign(variables: Mapping[str, str]) -> str:
    """Sign the state of the component that ``variables`` describe; return its key in Redis."""
    model = variables.get("MODEL_NAME", "").strip()
    key, secret = state_key(unit_from(variables, model)), secret_from(variables)
    if secret is None:
        raise StateKeyUnusable("there is no key to sign the state with")
    store = Store(client_from(variables), key)
    value = store.read()
    if value is None:
        names = "SELDON_DEPLOYMENT_ID, PREDICTOR_ID and PREDICTIVE_UNIT_ID"
        raise StateRefused(key, "does not exist", f"check {names}, which make its name")
    store.write(Seal(key, model, secret).vouched(value))
    return key


def main() -> int:
    """Sign, and say what; return the exit code."""
    try:
        sys.stdout.write(f"signed {sign(os.environ)}\n")
    except SeldonError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
