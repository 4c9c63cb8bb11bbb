//! Checking a genesis file, proofs of possession on all cores.

use super::{CheckedGenesis, refused, visit};
use crate::home::HomeError;
use rayon::prelude::*;
use std::path::Path;
use virtengine_chain::genesis::{
    Builder, GenesisAccount, GenesisError, GenesisValidator, Head, ProvenValidator, Stopped, Visit,
};
use virtengine_state::WriteSet;

/// Proofs that one thread checks at once.
const TOGETHER: usize = 256;
/// Validators that wait for their proofs to be checked.
const WAITING: usize = 16 * TOGETHER;

impl CheckedGenesis {
    /// Checks the file at `path` against all rules. `report` hears how many of its bytes were read.
    ///
    /// # Errors
    /// - `Genesis`, `GenesisRule` - it is no genesis file, or breaks a rule
    /// - `File` - no file, or the system refuses
    pub fn of(path: &Path, report: &dyn Fn(u64)) -> Result<Self, HomeError> {
        let mut check = Check { builder: None, waiting: Vec::new(), first: 0, chain_id: String::new() };
        let (sha256, bytes) = visit(path, &mut check, report)?;
        let summary = check.prove().and_then(|()| check.take_builder().finish());
        Ok(Self { sha256, bytes, summary: summary.map_err(|cause| refused(path, cause.into()))? })
    }
}

type Rules = Builder<fn(WriteSet) -> Result<(), Stopped>>;

struct Check {
    builder: Option<Rules>,
    waiting: Vec<GenesisValidator>,
    /// Position of the first that waits.
    first: u64,
    chain_id: String,
}

impl Check {
    /// Checks those that wait. Whatever the number of threads, the first that breaks a rule is the same.
    fn prove(&mut self) -> Result<(), GenesisError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.waiting);
        let parts = waiting.par_chunks(TOGETHER).enumerate().map(|(index, part)| {
            let first = self.first + (index * TOGETHER) as u64;
            ProvenValidator::check_all(part.to_vec(), first, &self.chain_id)
        });
        let parts: Vec<_> = parts.collect();
        self.first += waiting.len() as u64;
        for part in parts {
            for validator in part? {
                self.builder().validator(validator)?;
            }
        }
        Ok(())
    }

    fn builder(&mut self) -> &mut Rules {
        self.builder.as_mut().unwrap_or_else(|| unreachable!("what stands before the lists is read first"))
    }

    fn take_builder(&mut self) -> Rules {
        self.builder.take().unwrap_or_else(|| unreachable!("what stands before the lists is read first"))
    }
}

impl Visit for Check {
    fn head(&mut self, head: Head) -> Result<(), GenesisError> {
        self.chain_id.clone_from(&head.chain_id);
        let discard: fn(WriteSet) -> Result<(), Stopped> = |_| Ok(());
        self.builder = Some(Builder::new(head, discard)?);
        Ok(())
    }

    fn validator(&mut self, validator: GenesisValidator) -> Result<(), GenesisError> {
        self.waiting.push(validator);
        if self.waiting.len() >= WAITING { self.prove() } else { Ok(()) }
    }

    fn account(&mut self, account: GenesisAccount) -> Result<(), GenesisError> {
        self.prove()?;
        self.builder().account(&account)
    }
}
