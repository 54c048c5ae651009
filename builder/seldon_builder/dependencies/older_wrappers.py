"""What older wrappers' images happened to carry, and which distribution provides a module."""

from __future__ import annotations

from ..lock import canonical_name

# Modules that code could import from the images of seldon-core 1.x although no requirement asked for them:
# the wrapper's own needs, what came with those, and Miniconda's. Right: what brings each back.
CARRIED = {
    "attr": "attrs",
    "certifi": "certifi",
    "click": "click",
    "cryptography": "cryptography",
    "flask": "flask",
    "flask_cors": "flask-cors",
    "flatbuffers": "flatbuffers",
    "google.protobuf": "protobuf",
    "grpc": "grpcio",
    "grpc_reflection": "grpcio-reflection",
    "gunicorn": "gunicorn",
    "itsdangerous": "itsdangerous",
    "jinja2": "jinja2",
    "jsonschema": "jsonschema",
    "numpy": "numpy",
    "opentracing": "opentracing",
    "pkg_resources": "setuptools<81",
    "prometheus_client": "prometheus-client",
    "redis": "redis",
    "requests": "requests",
    "seldon_core.proto": "protobuf",
    "setuptools": "setuptools",
    "six": "six",
    "tqdm": "tqdm",
    "urllib3": "urllib3",
    "werkzeug": "werkzeug",
    "yaml": "pyyaml",
}

# Modules whose distribution has another name.
PROVIDERS = {
    "bs4": ("beautifulsoup4",),
    "cv2": ("opencv-python-headless", "opencv-python", "opencv-contrib-python-headless"),
    "dateutil": ("python-dateutil",),
    "dotenv": ("python-dotenv",),
    "fitz": ("pymupdf",),
    "jwt": ("pyjwt",),
    "mpl_toolkits": ("matplotlib",),
    "PIL": ("pillow",),
    "psycopg2": ("psycopg2-binary", "psycopg2"),
    "skimage": ("scikit-image",),
    "sklearn": ("scikit-learn",),
    "tensorflow": ("tensorflow", "tensorflow-cpu"),
    "xgboost": ("xgboost", "xgboost-cpu"),
    "yaml": ("pyyaml",),
    "zmq": ("pyzmq",),
}


def providers(module: str) -> tuple[str, ...]:
    """Return the distributions that may provide ``module``, the usual one first."""
    # A bound such as setuptools<81 is no part of the name.
    carried = CARRIED.get(module, "").partition("<")[0]
    own = "seldon-core" if module.startswith("seldon_core.") else canonical_name(module)
    names = (*PROVIDERS.get(module, ()), *((carried,) if carried else ()), own)
    return tuple(dict.fromkeys(names))
