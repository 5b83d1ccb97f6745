"""A mail server for the tests: aiosmtpd with STARTTLS and a password, both demanded.

Its arguments are a certificate and its key in PEM. It prints its port, then each mail as a line of
JSON, until its standard input ends.
"""

import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Printer:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "data": envelope.content.decode(), "tls": session.ssl is not None}
        print(json.dumps(mail), flush=True)
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and data.login == b"signet" and data.password == b"right"
    return AuthResult(success=right, handled=right)


context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(sys.argv[1], sys.argv[2])


async def main():
    loop = asyncio.get_running_loop()

    def connection():
        return SMTP(
            Printer(), hostname="test", tls_context=context, require_starttls=True, authenticator=authenticate,
            auth_required=True, loop=loop,
        )

    server = await loop.create_server(connection, "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main())
