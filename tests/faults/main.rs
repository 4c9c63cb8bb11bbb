//! Bad environments of the real program: each gives a clear error, and nothing that was final is lost.

mod damage;
mod devnet;
mod disk;
mod genesis;
mod observer;
mod settings;
mod validator;
