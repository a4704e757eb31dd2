//! What a request must say to become a WebSocket, and what the answer says.
