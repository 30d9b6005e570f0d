"""An application with FastAPI and Starlette."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
from collections.abc import AsyncIterator
from typing import Any

from fastapi import BackgroundTasks, FastAPI, Request, UploadFile, WebSocket, WebSocketDisconnect
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import FileResponse, Response, StreamingResponse

NOTED: list[str] = []


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    yield {"greeting": "hello from the lifespan"}
    print("lifespan ended", flush=True)


application = FastAPI(lifespan=lifespan)


@application.middleware("http")
async def mark(request: Request, call_next: Any) -> Response:
    response: Response = await call_next(request)
    response.headers["x-marked"] = "yes"
    return response


class Timing(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        return response


application.add_middleware(Timing)


@application.post("/items/{number}")
async def item(number: int, body: dict[str, Any], verbose: bool = False) -> dict[str, Any]:
    return {"number": number, "body": body, "verbose": verbose}


@application.get("/sync")
def sync() -> dict[str, str]:
    return {"where": "a thread"}


@application.post("/upload")
async def upload(file: UploadFile) -> dict[str, Any]:
    return {"name": file.filename, "size": len(await file.read())}


@application.get("/state")
async def state(request: Request) -> str:
    greeting: str = request.state.greeting
    return greeting


@application.get("/stream")
async def stream() -> StreamingResponse:
    async def parts() -> AsyncIterator[str]:
        for number in range(5):
            yield f"{number},"

    return StreamingResponse(parts(), media_type="text/plain")


@application.get("/for-ever")
async def for_ever() -> StreamingResponse:
    async def parts() -> AsyncIterator[str]:
        try:
            while True:
                yield "tick\n"
                await asyncio.sleep(0.01)
        finally:
            NOTED.append("stream closed")

    return StreamingResponse(parts(), media_type="text/event-stream")


@application.get("/background")
async def background(tasks: BackgroundTasks) -> str:
    async def later() -> None:
        NOTED.append("background task")

    tasks.add_task(later)
    return "accepted"


@application.get("/file")
async def file() -> FileResponse:
    return FileResponse(pathlib.Path(__file__))


@application.get("/fail")
async def fail() -> None:
    raise ValueError("failed on purpose")


@application.get("/noted")
async def noted() -> list[str]:
    return NOTED


@application.websocket("/ws/{name}")
async def websocket(socket: WebSocket, name: str) -> None:
    await socket.accept(subprotocol="echo.v1" if socket.scope["subprotocols"] else None)
    await socket.send_json({"hello": name, "state": socket.state.greeting})
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect as left:
        NOTED.append(f"{name} left with {left.code}")
