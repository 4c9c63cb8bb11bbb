//! The `virtengine` program.

mod cmd;

use clap::Parser as _;
use std::{io::Write as _, process::ExitCode};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    match cmd::Arguments::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if cmd::output::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => match error.downcast::<clap::Error>() {
            Ok(usage) => usage.exit(),
            Err(error) => {
                // Where stderr is a file on a full disk there is nowhere to say it; the code still tells.
                drop(writeln!(std::io::stderr(), "error: {}", cmd::output::causes(&error)));
                ExitCode::FAILURE
            }
        },
    }
}
