"""sioserve's own handler for the ASGI application of a Django project.

Django's ASGIHandler runs each synchronous middleware, view and signal in a thread of its own, with
a change of thread before and after it. This one (handler.py) does what Django documents with fewer
changes of thread:

    sync view       the whole request on one thread of a pool (sync_requests.py)
    async view      on the event loop; middleware that may block goes to the thread of the request,
                    neighbours together (async_requests.py, middleware.py)

`own_handler()` (installation.py) makes `get_asgi_application()` return it.
"""
