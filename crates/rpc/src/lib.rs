//! CometBFT JSON-RPC, gRPC, REST and WebSocket over one router.
