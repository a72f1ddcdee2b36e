"""jupyter_client: a kernel runs a cell and is shut down; sessions, kernel specifications, a blocking client."""

from jupyter_client import KernelManager, find_connection_file, kernelspec, localinterfaces
from jupyter_client.jsonutil import json_clean
from jupyter_client.session import Session

session = Session(key=b"secret")
parts = session.serialize(session.msg("execute_request", {"code": "1"}))
_, parts = session.feed_identities(parts)
print(session.deserialize(parts)["content"])
print(json_clean({"a": (1, 2)}), localinterfaces.LOCALHOST, callable(find_connection_file))
print(kernelspec.KernelSpecManager().get_kernel_spec("python3").language)
manager = KernelManager()
manager.start_kernel()
client = manager.blocking_client()
client.start_channels()
try:
    client.wait_for_ready(timeout=60)
    said = []
    client.execute_interactive("print(6 * 7)", output_hook=lambda message: said.append(message), timeout=60)
    print([message["content"]["text"] for message in said if message["msg_type"] == "stream"])
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
print(manager.is_alive())
