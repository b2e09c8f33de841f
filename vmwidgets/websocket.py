"""The websocket between browser and kernel without Nagle's algorithm.

A kernel's answer comes in several small messages. With the algorithm on, all but the first wait until the browser has
acknowledged it, up to 40 ms, which shows as a chart that lags behind the hand. ``vmwidgets lab`` uses this class;
everything works without it, only less promptly.
"""

from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class NoDelay(ZMQChannelsWebsocketConnection):
    """Jupyter's own connection, sending each message at once (TCP_NODELAY)."""

    def connect(self) -> Any:
        """Connect as Jupyter does, after switching the delay off."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()
