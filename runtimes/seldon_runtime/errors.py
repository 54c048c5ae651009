"""What a user can fix: errors that end the process (9, 60-69, 85-88)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import ClassVar


class SeldonError(Exception):
    """Say what happened, what was found and what to do.

    ``exit_code`` is what the command line ends with. A subclass sets it, keeps its facts as attributes and
    passes the finished message, with an optional ``hint``, to this class.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class ModelNameInvalid(SeldonError):
    """MODEL_NAME is missing, or names nothing that Python could import."""

    exit_code: ClassVar[int] = 60

    def __init__(self, name: str) -> None:
        found = f"MODEL_NAME is {name!r}, which is no module or class" if name else "MODEL_NAME is not set"
        super().__init__(
            f"{found}.",
            hint="set MODEL_NAME to the class that serves: Iris (in Iris.py) or package.module.Class",
        )
        self.name = name


class ModuleMissing(SeldonError):
    """The module that MODEL_NAME names is not in the application's folder."""

    exit_code: ClassVar[int] = 61

    def __init__(self, module: str, folder: Path, found: Sequence[str]) -> None:
        there = f"its modules are {', '.join(found)}" if found else "it holds no module"
        super().__init__(
            f"There is no module {module} in {folder}; {there}.",
            hint="correct MODEL_NAME, or add the file",
        )
        self.module, self.folder, self.found = module, folder, tuple(found)


class ModuleBroken(SeldonError):
    """Importing the model's module raised."""

    exit_code: ClassVar[int] = 62

    def __init__(self, module: str, error: BaseException) -> None:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        super().__init__(
            f"Importing {module} failed: {described(error)}.",
            hint=f"add the package that holds {missing} to the requirements and build again"
            if missing
            else f"the traceback above shows where; `python -c 'import {module}'` repeats it",
        )
        self.module, self.missing = module, missing


class ClassMissing(SeldonError):
    """The module has no such class."""

    exit_code: ClassVar[int] = 63

    def __init__(self, module: str, name: str, found: Sequence[str]) -> None:
        there = f"its classes are {', '.join(found)}" if found else "it defines no class"
        super().__init__(
            f"The module {module} has no class {name}; {there}.",
            hint=f"set MODEL_NAME={module}.{found[0]}" if found else f"define `class {name}` in {module}",
        )
        self.module, self.name, self.found = module, name, tuple(found)


class ParametersInvalid(SeldonError):
    """PREDICTIVE_UNIT_PARAMETERS does not hold constructor arguments."""

    exit_code: ClassVar[int] = 64

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"PREDICTIVE_UNIT_PARAMETERS is not usable: {reason}.",
            hint='it is a JSON list such as [{"name": "size", "value": "3", "type": "INT"}]; '
            "types are INT, FLOAT, DOUBLE, STRING and BOOL",
        )
        self.reason = reason


class ModelStartFailed(SeldonError):
    """The model's constructor or its load() raised."""

    exit_code: ClassVar[int] = 65

    def __init__(self, model: str, step: str, error: BaseException) -> None:
        super().__init__(
            f"{model} did not start: {step} raised {described(error)}.",
            hint="the traceback above shows where",
        )
        self.model, self.step = model, step


class GraceExceeded(SeldonError):
    """Requests still ran when the grace period ended."""

    exit_code: ClassVar[int] = 66

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"Requests still ran {seconds:g} s after the signal to stop; they were given up.",
            hint="raise SELDON_GRACE_SECONDS (and the platform's termination grace period with it)",
        )
        self.seconds = seconds


class PortUnavailable(SeldonError):
    """A port that the server needs cannot be opened."""

    exit_code: ClassVar[int] = 67

    def __init__(self, port: int, variable: str, error: OSError) -> None:
        super().__init__(
            f"Port {port} cannot be opened: {error.strerror or error}.",
            hint=f"end what uses it, or choose another with {variable}",
        )
        self.port, self.variable = port, variable


class SettingInvalid(SeldonError):
    """A variable has a value that the server cannot use."""

    exit_code: ClassVar[int] = 68

    def __init__(self, name: str, value: str, wanted: str) -> None:
        super().__init__(f"{name} is {value!r}.", hint=f"set it to {wanted}, or leave it unset")
        self.name, self.value, self.wanted = name, value, wanted


class RuntimeUnavailable(SeldonError):
    """The image has no runtime for what the variables ask for."""

    exit_code: ClassVar[int] = 69

    def __init__(self, missing: Sequence[str], available: Collection[str], asked: Mapping[str, str]) -> None:
        said = ", ".join(f"{name}={value}" for name, value in asked.items())
        wanted = f"the runtime {', '.join(missing)}" if missing else "no runtime that answers requests"
        names = ",".join(sorted([*available, *missing]))
        again = f"build it again with --runtime {names}, or without --runtime, which gives all of them"
        super().__init__(
            f"The variables ({said or 'none of them set'}) ask for {wanted}; "
            f"this image has {', '.join(available) or 'none'}.",
            hint=f"{again}; or unset the variable"
            if missing
            else f"unset the variables: API_TYPE is REST or GRPC, unset it is both; or {again}",
        )
        self.missing, self.available = tuple(missing), tuple(available)


class RuntimesClash(SeldonError):
    """Several runtimes are active of which there can be only one."""

    exit_code: ClassVar[int] = 8

    def __init__(self, role: str, names: Sequence[str]) -> None:
        super().__init__(
            f"The runtimes {' and '.join(names)} are both active, and each wants to be the one {role}.",
            hint="unset the variable that asks for one of them, or require its distribution no more",
        )
        self.role, self.names = role, tuple(names)


class StateKeyUnusable(SeldonError):
    """Persistence has no key that the saved state could be signed with."""

    exit_code: ClassVar[int] = 85

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"PERSISTENCE is on, but {reason}: whoever writes to Redis could run code in this server.",
            hint='make a key with `python -c "import secrets; print(secrets.token_hex(32))"` and give it as '
            "PERSISTENCE_KEY, or in a file that PERSISTENCE_KEY_FILE names; PERSISTENCE_UNSIGNED=1 does "
            "without one and accepts the risk",
        )
        self.reason = reason


class StateUnreachable(SeldonError):
    """The saved state cannot be read from Redis."""

    exit_code: ClassVar[int] = 86

    def __init__(self, key: str, place: str, error: BaseException) -> None:
        super().__init__(
            f"The state {key} cannot be read from Redis at {place}: {described(error)}.",
            hint="correct REDIS_SERVICE_HOST and REDIS_SERVICE_PORT, or REDIS_URL, and REDIS_PASSWORD; "
            "or unset PERSISTENCE",
        )
        self.key, self.place = key, place


class StateRefused(SeldonError):
    """What Redis holds in place of the saved state is not trusted."""

    exit_code: ClassVar[int] = 87

    def __init__(self, key: str, reason: str, hint: str) -> None:
        super().__init__(
            f"The state {key} in Redis {reason}; it was not unpickled and is left as it is.", hint=hint
        )
        self.key, self.reason = key, reason


class StateBroken(SeldonError):
    """The saved state is genuine, but no longer becomes an object."""

    exit_code: ClassVar[int] = 88

    def __init__(self, key: str, error: BaseException) -> None:
        super().__init__(
            f"The state {key} in Redis cannot be restored: {described(error)}; it is left as it is.",
            hint="serve it with the code that saved it; or begin anew: delete it, or set another "
            "PREDICTIVE_UNIT_ID",
        )
        self.key = key


class WorkersLost(SeldonError):
    """Workers die before they have loaded the model, of what Python cannot tell."""

    exit_code: ClassVar[int] = 9

    def __init__(self, count: int) -> None:
        super().__init__(
            f"{count} workers in a row died before the model was loaded.",
            hint="the log says of which signal: 9 is mostly too little memory for GUNICORN_WORKERS models; "
            "a traceback of a crash is above",
        )
        self.count = count


def described(error: BaseException) -> str:
    """Return type and first line of ``error``, the way a traceback ends."""
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0].rstrip('.')}" if lines else type(error).__name__
