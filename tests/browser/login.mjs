// Logs in without a browser, the way the login form does it.

// The Cookie header of a logged in user.
export async function sessionCookie(baseUrl, username, password) {
  const form = await fetch(`${baseUrl}/login/`);
  const token = /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(await form.text())[1];
  const answer = await fetch(`${baseUrl}/login/`, {
    method: "POST",
    redirect: "manual",
    headers: { cookie: cookies(form), referer: `${baseUrl}/login/` },
    body: new URLSearchParams({ username, password, csrfmiddlewaretoken: token }),
  });
  if (answer.status !== 302) throw new Error(`login of ${username}: status ${answer.status}`);
  return cookies(answer);
}

function cookies(response) {
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");
}
