from setuptools import setup

setup(
    name="smoother",
    version="1.0",
    python_requires=">=3.10",
    install_requires=["more-itertools>=10"],
)
