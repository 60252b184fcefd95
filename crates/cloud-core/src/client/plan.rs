//! The plan of a request: what the request loop does, up to the transport.

use std::time::Duration;

use super::attempt::Attempt;
use super::recovery::Recovery;
use super::{CallOptions, Client, Inner};
use crate::error::Result;
use crate::operation::CallContext;
use crate::plan::Plan;
use crate::request::Request;

impl Client {
    /// Returns the request as it would be sent now. Sends nothing, not even a request for credentials.
    pub(crate) fn plan(&self, request: &Request, options: Option<&CallOptions>) -> Result<Plan> {
        let context = CallContext::new(request.operation(), self.version);
        self.access.check(context)?;
        self.inner.plan(context, request, options).map_err(|error| error.with_context(context))
    }
}

impl Inner {
    fn plan(&self, context: CallContext, request: &Request, options: Option<&CallOptions>) -> Result<Plan> {
        let url = self.url(context, request, options)?;
        // No limit applies to what is not sent.
        let attempt = Attempt { client: self, context, request, url: &url, timeout: Duration::MAX, options: None };
        let mut http = attempt.prepare().map_err(|failed| failed.error)?;
        let now = Recovery::new(&self.skew).signing_time(self.runtime.now());
        let signature = self.signer.plan(attempt.signed_at(now), &mut http)?;
        let variable = |name: &str| self.dialect.shell_variable(context, name);
        let plan = Plan::new(context, self.endpoint.as_str(), request, &http, signature, variable)?;
        Ok(plan.with_certificate(self.dialect.certificate_variables()))
    }
}
