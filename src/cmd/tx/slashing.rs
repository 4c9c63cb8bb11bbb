//! `virtengine tx slashing`.

use super::Signer;
use clap::Subcommand;
use eyre::{Context as _, Result};
use prost_types::Any;
use serde::Deserialize;
use std::path::PathBuf;
use virtengine_client::sign::any;
use virtengine_types::proto::{
    cosmos::slashing::v1beta1::MsgUnjail,
    virtengine::slashing::v1::{MsgSubmitEvidence, Vote, VoteKind},
};

#[derive(Subcommand)]
pub(super) enum Slashing {
    /// Let the signer's validator return, which was jailed and keeps its promise again.
    Unjail,
    /// Prove that a validator signed two conflicting votes.
    SubmitEvidence {
        /// A file with the evidence, as docs/operate/node.md shows it.
        file: PathBuf,
    },
}

/// A file of evidence; bytes are hexadecimal.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Evidence {
    #[serde(with = "hex::serde")]
    consensus_public_key: Vec<u8>,
    first: SignedVote,
    second: SignedVote,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignedVote {
    kind: Kind,
    epoch: u64,
    view: u64,
    #[serde(default)]
    parent: u64,
    #[serde(default, with = "hex::serde")]
    payload: Vec<u8>,
    #[serde(with = "hex::serde")]
    signature: Vec<u8>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Notarize,
    Nullify,
    Finalize,
}

impl SignedVote {
    fn to_wire(&self) -> Vote {
        let kind = match self.kind {
            Kind::Notarize => VoteKind::Notarize,
            Kind::Nullify => VoteKind::Nullify,
            Kind::Finalize => VoteKind::Finalize,
        };
        Vote {
            kind: kind.into(),
            epoch: self.epoch,
            view: self.view,
            parent: self.parent,
            payload: self.payload.clone().into(),
            signature: self.signature.clone().into(),
        }
    }
}

impl Slashing {
    pub(super) fn message(self, signer: &Signer<'_>) -> Result<Any> {
        Ok(match self {
            Self::Unjail => any(&MsgUnjail { validator_addr: signer.address.operator() }),
            Self::SubmitEvidence { file } => {
                let name = file.display();
                let text = std::fs::read(&file).wrap_err_with(|| format!("failed to read {name}"))?;
                let evidence: Evidence = serde_json::from_slice(&text)
                    .wrap_err_with(|| format!("failed to read the evidence in {name}"))?;
                any(&MsgSubmitEvidence {
                    submitter: signer.address.to_string(),
                    consensus_public_key: evidence.consensus_public_key.into(),
                    first: Some(evidence.first.to_wire()),
                    second: Some(evidence.second.to_wire()),
                })
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_evidence_is_read() {
        let text = r#"{
            "consensus_public_key": "0102",
            "first": {"kind": "nullify", "epoch": 1, "view": 2, "signature": "0a"},
            "second": {"kind": "finalize", "epoch": 1, "view": 2, "parent": 1, "payload": "0b", "signature": "0c"}
        }"#;
        let evidence: Evidence = serde_json::from_str(text).unwrap();
        assert_eq!(evidence.consensus_public_key, [1, 2]);
        let (first, second) = (evidence.first.to_wire(), evidence.second.to_wire());
        assert_eq!((first.kind(), first.parent, first.payload.len()), (VoteKind::Nullify, 0, 0));
        assert_eq!((second.kind(), second.parent, &second.payload[..]), (VoteKind::Finalize, 1, &[11][..]));
        assert_eq!((first.signature[0], second.signature[0]), (10, 12));
        let unknown = text.replace("\"view\"", "\"round\"");
        assert!(serde_json::from_str::<Evidence>(&unknown).is_err());
    }
}
