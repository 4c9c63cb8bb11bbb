//! Transaction admission, ordering and gossip.
