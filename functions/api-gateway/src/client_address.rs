//! From where a request comes: the connection says it, or the gateway in front of us, and never a header, which a
//! client can write itself.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::Extensions;
use axum::http::request::Parts;

/// The address of a client, among the extensions of a request: what a gateway in front of us says. It goes
/// before that of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// Addresses that one client has: one of IPv4, or the 2^64 of a network of IPv6, any of which its host may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum AddressBlock {
    V4(u32),
    V6(u64),
}

/// The bits of a network of IPv6 that tell its hosts apart.
const HOST_BITS: u32 = 64;

impl AddressBlock {
    /// Where a request comes from; `None` for one from this machine, or within this process.
    pub(crate) fn of(extensions: &Extensions) -> Option<AddressBlock> {
        let said = extensions.get::<ClientAddress>().map(|said| said.0);
        let connected = || {
            let peer = extensions.get::<ConnectInfo<SocketAddr>>();
            peer.map(|ConnectInfo(peer)| peer.ip())
        };
        // An address of IPv4 may be written as one of IPv6.
        let address = said.or_else(connected)?.to_canonical();
        (!address.is_loopback()).then(|| AddressBlock::around(address))
    }

    /// Its bytes.
    pub(crate) fn bytes(self) -> Vec<u8> {
        match self {
            AddressBlock::V4(bits) => bits.to_be_bytes().to_vec(),
            AddressBlock::V6(bits) => bits.to_be_bytes().to_vec(),
        }
    }

    fn around(address: IpAddr) -> AddressBlock {
        match address {
            IpAddr::V4(address) => AddressBlock::V4(address.to_bits()),
            IpAddr::V6(address) => AddressBlock::V6((address.to_bits() >> HOST_BITS) as u64),
        }
    }
}

/// Where a request comes from, for a handler; `None` for one from this machine.
pub(crate) struct FromAddress(pub(crate) Option<AddressBlock>);

impl<S: Sync> FromRequestParts<S> for FromAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<FromAddress, Infallible> {
        Ok(FromAddress(AddressBlock::of(&parts.extensions)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connected(address: &str) -> Extensions {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(address.parse().unwrap(), 5_000)));
        extensions
    }

    fn block(address: &str) -> Option<AddressBlock> {
        AddressBlock::of(&connected(address))
    }

    #[test]
    fn a_network_of_ipv6_is_one_client_and_an_address_of_ipv4_is() {
        assert_eq!(block("2001:db8:1:2::1"), block("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(block("2001:db8:1:2::1"), block("2001:db8:1:3::1"));
        assert_eq!(block("192.0.2.1"), block("::ffff:192.0.2.1"));
        assert_ne!(block("192.0.2.1"), block("192.0.2.2"));
    }

    #[test]
    fn this_machine_is_no_client() {
        for own in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(block(own), None, "{own}");
        }
        assert_eq!(AddressBlock::of(&Extensions::new()), None);
    }

    #[test]
    fn what_the_gateway_in_front_says_goes_before_its_own_address() {
        let mut extensions = connected("127.0.0.1");
        extensions.insert(ClientAddress("192.0.2.1".parse().unwrap()));
        assert_eq!(AddressBlock::of(&extensions), block("192.0.2.1"));
    }
}
