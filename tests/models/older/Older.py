"""A model of the years of seldon-core 1.x, as its documentation taught to write them."""

# ruff: noqa: ARG002, N803, N805 - the signatures are Seldon's and flask's

from flask import Blueprint, jsonify
from seldon_core.metrics import create_counter
from seldon_core.proto import prediction_pb2
from seldon_core.user_model import SeldonComponent


class Refused(Exception):
    pass


class Older(SeldonComponent):
    model_error_handler = Blueprint("error_handlers", __name__)

    @model_error_handler.app_errorhandler(Refused)
    def handle_refused(error):
        response = jsonify({"refused": str(error)})
        response.status_code = 418
        return response

    def predict(self, X, features_names=None):
        if X.sum() < 0:
            raise Refused("too little")
        return X * 2

    def metrics(self):
        return [create_counter("asked", 1)]

    def tags(self):
        return {"message": prediction_pb2.SeldonMessage.DESCRIPTOR.full_name}
