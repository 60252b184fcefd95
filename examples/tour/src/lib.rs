//! The examples of `README.md` and of the guides in `docs/`, so that `cargo test` compiles and runs them.

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/scp.md")]
struct Scp;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/nhn.md")]
struct Nhn;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/risken.md")]
struct Risken;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/sandbox.md")]
struct Sandbox;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/resilience.md")]
struct Resilience;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/debugging.md")]
struct Debugging;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/tls.md")]
struct Tls;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/findings.md")]
struct Findings;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/fleet.md")]
struct Fleets;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/secrets.md")]
struct Secrets;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/envelope.md")]
struct Envelope;
