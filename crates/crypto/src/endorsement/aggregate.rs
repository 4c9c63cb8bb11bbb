//! Collecting the signatures of a shard's members into one.

use super::{
    Bitfield, Checkpoint, Endorsement, EndorsementError, ShardKeys, decode_signature, equation,
    equation::Claim,
};
use crate::bls::Signature;
use blst::{blst_p2, blst_p2_affine, min_pk};
use commonware_cryptography::bls12381::primitives::group::G2;

/// Checks signatures of single members of a shard over a checkpoint, in about the time of a few. The verdicts are in the
/// order of `signatures`, which are each a member's index and its signature.
///
/// A sum may hold though two of its signatures do not, if their errors cancel; each verdict here is of one signature.
///
/// # Errors
/// - `NoMember` - the shard has no such member
/// - `Mismatch` - not signed by this member, or another checkpoint
#[must_use]
pub fn verify_signatures(
    checkpoint: &Checkpoint,
    shard: u32,
    keys: &ShardKeys,
    signatures: &[(usize, Signature)],
) -> Vec<Result<(), EndorsementError>> {
    let points: Vec<_> = signatures.iter().map(|(_, signature)| *signature.point()).collect();
    let points = G2::batch_to_affine(&points);
    let claim = |(&(index, _), point): (&(usize, Signature), blst_p2_affine)| {
        let members = keys.members();
        let key = keys.key(index).ok_or(EndorsementError::NoMember { shard, index, members })?;
        Ok(Claim { shard, endorsers: 1, key, signature: point.into() })
    };
    equation::verdicts(checkpoint, signatures.iter().zip(points).map(claim).collect())
}

/// A sum of signatures of a shard's members, and who they are. It takes whatever signatures it is given: check them
/// before, with [`verify_signatures`] or as [`Endorsement`] with [`super::verify`], as one that does not hold spoils the
/// sum.
#[derive(Clone, Debug)]
pub struct Aggregate {
    endorsed: Bitfield,
    sum: min_pk::AggregateSignature,
}

impl Aggregate {
    /// The empty sum of a shard.
    #[must_use]
    pub fn new(shard: u32, members: usize) -> Self {
        Self { endorsed: Bitfield::new(shard, members), sum: blst_p2::default().into() }
    }

    /// The sum that others collected, of a shard of so many members.
    ///
    /// # Errors
    /// - `BitfieldLength`, `NoMember` - the bitfield is not one of the shard's members
    /// - `Empty` - nobody endorsed
    /// - `SignaturePoint`, `IdentitySignature` - the signature is none
    pub fn decode(endorsement: &Endorsement, members: usize) -> Result<Self, EndorsementError> {
        let Endorsement { shard, bitfield, signature } = endorsement;
        let endorsed = Bitfield::decode(*shard, members, bitfield)?;
        let endorsers = endorsed.count();
        if endorsers == 0 {
            return Err(EndorsementError::Empty { shard: *shard, members });
        }
        let signature = decode_signature(*shard, endorsers, signature)?;
        Ok(Self { endorsed, sum: min_pk::AggregateSignature::from_signature(&signature) })
    }

    /// Who is in the sum.
    #[must_use]
    pub const fn endorsed(&self) -> &Bitfield {
        &self.endorsed
    }

    /// Adds the signature of a member.
    ///
    /// # Errors
    /// - `NoMember` - the shard has no such member
    /// - `Duplicate` - it is in the sum
    pub fn add(&mut self, index: usize, signature: &Signature) -> Result<(), EndorsementError> {
        self.endorsed.insert(index)?;
        for point in G2::batch_to_affine(&[*signature.point()]) {
            self.sum.add_aggregate(&min_pk::AggregateSignature::from_signature(&point.into()));
        }
        Ok(())
    }

    /// Adds a sum of other members.
    ///
    /// # Errors
    /// - `OtherShard` - it is of another shard, or of another number of members
    /// - `Duplicate` - a member is in both
    pub fn merge(&mut self, other: &Self) -> Result<(), EndorsementError> {
        self.endorsed.merge(&other.endorsed)?;
        self.sum.add_aggregate(&other.sum);
        Ok(())
    }

    /// What the shard says.
    ///
    /// # Errors
    /// - `Empty` - nobody endorsed
    /// - `IdentitySignature` - the signatures cancel out
    pub fn finish(&self) -> Result<Endorsement, EndorsementError> {
        let (shard, members, endorsers) =
            (self.endorsed.shard(), self.endorsed.members(), self.endorsed.count());
        if endorsers == 0 {
            return Err(EndorsementError::Empty { shard, members });
        }
        let signature = self.sum.to_signature();
        if signature == blst_p2_affine::default().into() {
            return Err(EndorsementError::IdentitySignature { shard, endorsers });
        }
        let bitfield = self.endorsed.as_bytes().to_vec();
        Ok(Endorsement { shard, bitfield, signature: signature.compress() })
    }
}
