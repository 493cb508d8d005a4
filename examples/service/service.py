"""A small web service: predictions of a saved model, which may be swapped meanwhile.

    pip install -r requirements.txt
    MODEL=iris.safetensors uvicorn service:app --port 8000
    curl -d '{"rows": [[5.1, 3.5, 1.4, 0.2]]}' localhost:8000/predict

and with a model of a table, such as `perceptrons fit` writes, by the names of columns:

    curl -d '{"rows": [{"area": 75, "kind": "flat"}]}' localhost:8000/predict
    curl -X POST localhost:8000/reload     # after the file was replaced

Who may call /reload is a matter of what stands before the service.
"""

import os

import numpy as np
import pandas as pd
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import Route

import perceptrons

MOST_ROWS = 10_000


class Served:
    """The model that answers: a request keeps the one it began with."""

    def __init__(self, path):
        self.path = path
        self.reload()

    def reload(self):
        """Load the file; if that fails, the model of before goes on answering."""
        version = getattr(self, "current", (0,))[0] + 1
        # One assignment: no request sees half of the change.
        self.current = (version, perceptrons.load(self.path))
        return version


served = Served(os.environ["MODEL"])


def table_of(rows):
    """Return rows of numbers as an array, rows with names as a table; null is a gap."""
    if len(rows) > MOST_ROWS:
        raise ValueError(f"at most {MOST_ROWS} rows at a time")
    if rows and all(isinstance(row, dict) for row in rows):
        return pd.DataFrame(rows)
    return np.asarray(rows, float)


async def predict(request):
    """Answer rows with predictions, or misuse with a sentence."""
    version, model = served.current
    try:
        rows = table_of((await request.json())["rows"])
        answers = await run_in_threadpool(model.predict, rows)
    except (KeyError, TypeError, ValueError) as error:
        return JSONResponse({"error": str(error)}, status_code=422)
    return JSONResponse({"model": version, "predictions": answers.tolist()})


async def reload(request):
    """Take the model that the file holds now."""
    try:
        version = await run_in_threadpool(served.reload)
    except (OSError, ValueError) as error:
        return JSONResponse({"error": str(error)}, status_code=409)
    return JSONResponse({"model": version})


app = Starlette(
    routes=[
        Route("/predict", predict, methods=["POST"]),
        Route("/reload", reload, methods=["POST"]),
    ]
)
