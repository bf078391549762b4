"""The connection to the server, and its errors as one line."""

import argparse
import os

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

CONNECT_SECONDS = 10
REPLY_SECONDS = 300  # a large model without a stored inverse solves for a while


class Failed(Exception):
    """Why there is no report, in one line."""


class Refused(Failed):
    """An error reply of the server."""


class Server:
    """Commands to one server."""

    def __init__(self, given: argparse.Namespace):
        password = os.environ.get(given.password_env) or None
        common = {
            "protocol": 2, "decode_responses": True, "encoding_errors": "replace", "socket_connect_timeout": CONNECT_SECONDS,
            "socket_timeout": REPLY_SECONDS, "retry": Retry(NoBackoff(), 0),  # a wrong password is sent once
        }
        try:
            if given.url:
                login = {"username": given.user, "password": password, **_certificates(given)}
                self.client = redis.Redis.from_url(given.url, **login, **common)  # what the URL states wins
            else:
                self.client = redis.Redis(
                    host=given.host, port=given.port, db=given.db, unix_socket_path=given.socket, username=given.user,
                    password=password, ssl=given.tls, **_certificates(given), **common,
                )
        except (ValueError, redis.RedisError) as error:
            raise Failed(_line(error)) from None

    def call(self, *words: str | bytes | int) -> object:
        """The reply to one command."""
        try:
            # The bytes of an argument of the command line, whatever its encoding.
            return self.client.execute_command(*(os.fsencode(word) if isinstance(word, str) else word for word in words))
        except redis.AuthenticationError as error:
            raise Refused(_line(error)) from None
        except redis.ConnectionError as error:
            raise Failed(f"no connection: {_line(error)}") from None
        except redis.TimeoutError:
            raise Failed(f"the server did not reply within {REPLY_SECONDS} s") from None
        except redis.ResponseError as error:
            message = _line(error)
            if message.lower().startswith("unknown command"):
                message += " (this server does not have the module redis-assess)"
            raise Refused(message) from None
        except (OSError, redis.RedisError) as error:
            raise Failed(_line(error)) from None

    def describe(self, model: str) -> dict:
        """MODEL.INFO as a dict."""
        reply = self.call("MODEL.INFO", model)
        return reply if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2]))


def _certificates(given: argparse.Namespace) -> dict:
    if not (given.tls or (given.url or "").startswith("rediss:")):
        return {}
    return {"ssl_ca_certs": given.cacert, "ssl_certfile": given.cert, "ssl_keyfile": given.key}


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
