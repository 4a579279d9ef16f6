//! Names of services and protocols.
