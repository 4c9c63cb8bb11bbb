//! The `virtengine` program.

mod cmd;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    match cmd::Arguments::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if cmd::output::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
