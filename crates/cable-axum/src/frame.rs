//! RFC 6455 framing, as a server does it, without IO.
