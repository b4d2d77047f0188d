"""The GraphQL API of Latchwork over HTTP and WebSocket, and its command line."""
