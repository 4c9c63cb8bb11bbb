//! The rows of a genesis file that was checked.

use super::{CheckedGenesis, refused, visit};
use crate::home::HomeError;
use futures::{SinkExt as _, StreamExt as _, channel::mpsc, executor::block_on};
use std::path::{Path, PathBuf};
use virtengine_chain::genesis::{
    Builder, GenesisAccount, GenesisError, GenesisValidator, Head, ProvenValidator, Stopped, Visit,
};
use virtengine_consensus::genesis::{Rows, RowsError};
use virtengine_state::WriteSet;

/// Gives the rows of the file at `path`, which is read by a thread of its own, a batch ahead.
pub(crate) fn rows(path: PathBuf, checked: &CheckedGenesis) -> Rows {
    let sha256 = checked.sha256;
    Rows::new(move || {
        let path = path.clone();
        let (mut sender, receiver) = mpsc::channel::<Result<WriteSet, RowsError>>(1);
        std::thread::spawn(move || {
            let give = |batch| block_on(sender.send(Ok(batch))).map_err(|_| Stopped);
            match give_all(&path, sha256, give) {
                // Nobody waits for more, as when the node stops.
                Ok(()) | Err(HomeError::GenesisRule { cause: GenesisError::Stopped, .. }) => {}
                Err(error) => drop(block_on(sender.send(Err(error.into())))),
            }
        });
        receiver.boxed()
    })
}

fn give_all(
    path: &Path,
    checked: [u8; 32],
    give: impl FnMut(WriteSet) -> Result<(), Stopped>,
) -> Result<(), HomeError> {
    let mut giving = Giving::Head(Some(give));
    let (found, _) = visit(path, &mut giving, &|_| ())?;
    // The last batch is given only now: without it nothing of the others counts.
    if found != checked {
        let path = path.display().to_string();
        return Err(HomeError::GenesisChanged {
            path,
            checked: hex::encode(checked),
            found: hex::encode(found),
        });
    }
    match giving {
        Giving::Rows(builder) => builder.finish().map(drop).map_err(|cause| refused(path, cause.into())),
        Giving::Head(_) => unreachable!("a file without a head is refused"),
    }
}

enum Giving<S> {
    Head(Option<S>),
    Rows(Builder<S>),
}

impl<S: FnMut(WriteSet) -> Result<(), Stopped>> Giving<S> {
    fn builder(&mut self) -> &mut Builder<S> {
        match self {
            Self::Rows(builder) => builder,
            Self::Head(_) => unreachable!("what stands before the lists is read first"),
        }
    }
}

impl<S: FnMut(WriteSet) -> Result<(), Stopped>> Visit for Giving<S> {
    fn head(&mut self, head: Head) -> Result<(), GenesisError> {
        if let Self::Head(give) = self
            && let Some(give) = give.take()
        {
            *self = Self::Rows(Builder::new(head, give)?);
        }
        Ok(())
    }

    fn validator(&mut self, validator: GenesisValidator) -> Result<(), GenesisError> {
        self.builder().validator(ProvenValidator::of_checked_file(validator))
    }

    fn account(&mut self, account: GenesisAccount) -> Result<(), GenesisError> {
        self.builder().account(&account)
    }
}
