"""OpenAI's Images API on the GPUs of a Ray cluster, with a replica of the model on each.

pip install "ray[serve]" torch diffusers transformers accelerate
serve run ray_serve:app model=stabilityai/sdxl-turbo replicas=4

The model is a name at Hugging Face or a directory; with gpus=0 it runs on the CPU.
"""

import base64
import io
import logging
import time

import torch
from diffusers import DiffusionPipeline
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field
from ray import serve

api = FastAPI()


class Order(BaseModel):
    prompt: str
    model: str
    n: int = Field(1, ge=1, le=10)
    size: str = Field("1024x1024", pattern=r"^[1-9]\d{1,3}x[1-9]\d{1,3}$")
    num_inference_steps: int = Field(30, ge=1, le=1000)
    seed: int | None = None


@serve.deployment(max_ongoing_requests=1)
class Painter:
    """The model. It paints for one request at a time; one that has died is started again by Ray."""

    def __init__(self, model: str, device: str):
        self.pipeline = DiffusionPipeline.from_pretrained(model).to(device)

    def paint(self, order: Order) -> list[str]:
        logging.getLogger("ray.serve").info("painting %r", order.prompt)
        width, height = map(int, order.size.split("x"))
        images = self.pipeline(
            order.prompt, width=width, height=height, num_images_per_prompt=order.n, num_inference_steps=order.num_inference_steps,
            generator=None if order.seed is None else torch.Generator().manual_seed(order.seed),
        ).images
        files = [io.BytesIO() for _ in images]
        for image, file in zip(images, files):
            image.save(file, "PNG")
        return [base64.b64encode(file.getvalue()).decode() for file in files]


@serve.deployment(ray_actor_options={"num_cpus": 0})
@serve.ingress(api)
class Images:
    """The one URL. It says at once which model this is, also while every replica paints."""

    def __init__(self, model: str, painter):
        self.model, self.painter = model, painter

    @api.get("/v1/models")
    def models(self):
        return {"object": "list", "data": [{"id": self.model, "object": "model", "owned_by": "ray"}]}

    @api.post("/v1/images/generations")
    async def generate(self, order: Order):
        if order.model != self.model:
            raise HTTPException(404, f"the model {order.model} is not here, only {self.model}")
        # Ray sends it to one replica, once. If that dies, this fails: whether to ask again is the client's to say.
        images = await self.painter.paint.remote(order)
        return {"created": int(time.time()), "data": [{"b64_json": image} for image in images]}


def app(options: dict):
    gpus = float(options.get("gpus", 1))
    painter = Painter.options(num_replicas=int(options.get("replicas", 1)), ray_actor_options={"num_gpus": gpus})
    return Images.bind(options["model"], painter.bind(options["model"], "cuda" if gpus else "cpu"))
