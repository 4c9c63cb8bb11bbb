//! The sequenced durable journal of finalized blocks and events, with topics and subscriptions.
