"""openai: a client, and a call that its transport refuses."""

import httpx
import openai

transport = httpx.MockTransport(lambda request: httpx.Response(401, json={"error": {"message": "no"}}))
client = openai.OpenAI(api_key="none", max_retries=0, http_client=httpx.Client(transport=transport))
try:
    client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}])
except openai.AuthenticationError as error:
    print(type(error).__name__, error.status_code)
