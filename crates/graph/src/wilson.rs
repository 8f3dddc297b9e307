//! Wilson's lower bound of a share (Wilson 1927), at 95 %, one-sided.

/// The quantile of the normal distribution.
pub(crate) const Z: f64 = 1.645;

/// The bound, of a share observed in `count` independent cases.
pub(crate) fn lower_bound(share: f64, count: f64) -> f64 {
    let z2 = Z * Z / count;
    let middle = share + z2 / 2.0;
    let spread = (share * (1.0 - share) / count + z2 / (4.0 * count)).max(0.0).sqrt() * Z;
    ((middle - spread) / (1.0 + z2)).max(0.0)
}
