//! Applies changed paths to a fixture before it is compared.

use super::super::facts::Page;
use super::Walk;
use crate::moved::{self, Call, Moved};

impl Walk<'_> {
    /// Gives operations the paths of the pages, so that what was written about them by hand stays. A known difference
    /// stays as it is in the fixture.
    pub(super) fn moved(&mut self, pages: &mut [Page]) {
        let stated = pages.iter().flat_map(|page| &page.operations).filter(|own| own.select.is_none());
        let calls: Vec<Call> = stated.map(|own| Call::new(&own.method, &own.path, own.title.as_deref())).collect();
        let all = moved::between(&moved::calls(self.document), &calls);
        let (followed, kept): (Vec<Moved>, Vec<Moved>) =
            all.into_iter().partition(|own| self.differ(&format!("{} {}", own.method, own.from), &own.told()));
        *self.document = moved::follow(self.document, &followed);
        for stated in pages.iter_mut().flat_map(|page| &mut page.operations) {
            let here = |own: &&Moved| own.method == stated.method && own.to == stated.path;
            let Some(own) = kept.iter().find(here) else { continue };
            let names = moved::renamed(&own.to, &own.from);
            for parameter in stated.parameters.iter_mut().filter(|own| own.place == "path") {
                if let Some(name) = names.get(parameter.name.as_str()) {
                    (*name).clone_into(&mut parameter.name);
                }
            }
            stated.path.clone_from(&own.from);
        }
    }
}
