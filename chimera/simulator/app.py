"""The simulator's HTTP side."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chimera.simulator.completions import Completions
from chimera.simulator.journal import Journal
from chimera.simulator.media import Embeddings, Images, Transcriptions
from chimera.simulator.pace import MODELS


def create_app(journal: Journal, seed: int = 0) -> Starlette:
    """Build the server. Each simulator has its own journal."""

    async def models(_: Request) -> Response:
        entries = [{"id": name, "object": "model", "created": 0, "owned_by": "chimera"} for name in MODELS]
        return JSONResponse({"object": "list", "data": entries})

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def counts(request: Request) -> Response:
        return JSONResponse(journal.counts(request.query_params.get("call_id")))

    return Starlette(
        routes=[
            Route("/v1/chat/completions", Completions(journal, seed), methods=["POST"]),
            Route("/v1/embeddings", Embeddings(journal, seed), methods=["POST"]),
            Route("/v1/images/generations", Images(journal, seed), methods=["POST"]),
            Route("/v1/audio/transcriptions", Transcriptions(journal, seed), methods=["POST"]),
            Route("/v1/models", models),
            Route("/health", health),
            Route("/journal", counts),
        ]
    )
