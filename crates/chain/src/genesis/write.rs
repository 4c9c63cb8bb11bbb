//! Writing a genesis file piece by piece.

use super::{GenesisAccount, GenesisValidator, Head};
use serde::Serialize;
use std::io::{self, Write};

/// Writes a file that [`super::read()`] reads: one validator or account a line. Give it all validators, then all accounts.
pub struct Writer<W> {
    out: W,
    /// The list that is open, and whether it has an item.
    accounts: bool,
    begun: bool,
}

impl<W: Write> Writer<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// What `out` says.
    pub fn new(mut out: W, head: &Head) -> io::Result<Self> {
        let text = serde_json::to_string_pretty(head)?;
        let fields = text.strip_suffix('}').unwrap_or_default().trim_end();
        write!(out, "{fields},\n  \"validators\": [")?;
        Ok(Self { out, accounts: false, begun: false })
    }

    /// Writes the next validator.
    ///
    /// # Errors
    /// What `out` says.
    pub fn validator(&mut self, validator: &GenesisValidator) -> io::Result<()> {
        self.item(validator)
    }

    /// Writes the next account.
    ///
    /// # Errors
    /// What `out` says.
    pub fn account(&mut self, account: &GenesisAccount) -> io::Result<()> {
        self.open_accounts()?;
        self.item(account)
    }

    /// Writes the end; the answer is where everything was written to.
    ///
    /// # Errors
    /// What `out` says.
    pub fn finish(mut self) -> io::Result<W> {
        self.open_accounts()?;
        self.close_list()?;
        self.out.write_all(b"\n}\n")?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn item(&mut self, item: &impl Serialize) -> io::Result<()> {
        self.out.write_all(if self.begun { b",\n    " } else { b"\n    " })?;
        self.begun = true;
        Ok(serde_json::to_writer(&mut self.out, item)?)
    }

    fn open_accounts(&mut self) -> io::Result<()> {
        if self.accounts {
            return Ok(());
        }
        self.close_list()?;
        self.out.write_all(b",\n  \"accounts\": [")?;
        (self.accounts, self.begun) = (true, false);
        Ok(())
    }

    fn close_list(&mut self) -> io::Result<()> {
        self.out.write_all(if self.begun { b"\n  ]" } else { b"]" })
    }
}
