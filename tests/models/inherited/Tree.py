"""A model whose methods are its base's."""

from shared.base import Model


class Tree(Model):
    weight = 2.0
