//! Faults that are built in on purpose, to see that the checks find them.

/// A mistake of a wallet, a ledger, or one who uses them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flaw {
    /// A wallet that puts a charge whether or not there is one.
    PutWithoutAbsence,
    /// A wallet that charges what the balance does not cover.
    ChargeWithoutBalance,
    /// A wallet that charges on a closed lease.
    LeaseWithoutCondition,
    /// A wallet that makes any charge served, void or not.
    ServeWithoutState,
    /// A wallet that marks a posted charge as posted again.
    MarkWithoutState,
    /// A wallet that releases any hold, served or not.
    VoidWithoutState,
    /// A wallet that lets a key exceed its budget.
    ClaimWithoutCap,
    /// A wallet that gives a grant as often as it is asked to.
    AdjustWithoutId,
    /// A wallet that does not count replays.
    ReplayWithoutCount,
    /// A ledger that does not know which charges it has.
    PostWithoutKey,
    /// A meter that notes an id as seen before the ledger has it.
    ClaimBeforePost,
    /// A meter that releases what is held before the ledger has the charge.
    MarkBeforePost,
    /// A meter that believes the amount in the message, which is sent before the charge is written.
    TrustTheMessage,
    /// A handler that releases the answer before it is charged.
    ReleaseBeforeCommit,
    /// A handler that does not look for yesterday's charge after midnight.
    ForgetYesterday,
    /// A handler that lets the answer leave though the hold was released.
    ReleaseTooLate,
    /// An operator who gives a grant to the wallet before the ledger has it.
    WalletBeforeLedger,
    /// A sweeper that lets a grant expire in the ledger only.
    ExpireWithoutWallet,
    /// A sweeper that does not ring for charges whose doorbell was lost.
    NeverRingAgain,
    /// A wallet that does not ask which attempt of a hold it is. Money is safe without: that the charge is
    /// pending suffices.
    ServeWithoutAttempt,
}

impl Flaw {
    /// Every flaw that costs money, and so must be found.
    pub const HARMFUL: [Flaw; 19] = [
        Flaw::PutWithoutAbsence,
        Flaw::ChargeWithoutBalance,
        Flaw::LeaseWithoutCondition,
        Flaw::ServeWithoutState,
        Flaw::MarkWithoutState,
        Flaw::VoidWithoutState,
        Flaw::ClaimWithoutCap,
        Flaw::AdjustWithoutId,
        Flaw::ReplayWithoutCount,
        Flaw::PostWithoutKey,
        Flaw::ClaimBeforePost,
        Flaw::MarkBeforePost,
        Flaw::TrustTheMessage,
        Flaw::ReleaseBeforeCommit,
        Flaw::ForgetYesterday,
        Flaw::ReleaseTooLate,
        Flaw::WalletBeforeLedger,
        Flaw::ExpireWithoutWallet,
        Flaw::NeverRingAgain,
    ];
}
