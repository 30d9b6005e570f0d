"""What configurations of nginx in tests begin with."""

from __future__ import annotations

# Without root. Fields: `user`, a directive or nothing; `folder`, for its files; `servers`, what is
# inside of `http`.
CONFIGURATION = """
{user}
daemon off; pid {folder}/nginx.pid; error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    {servers}
}}
"""
