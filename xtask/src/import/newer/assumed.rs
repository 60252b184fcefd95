//! What the newer reference leaves open, and how it is read.

use super::super::page;
use super::super::row::Field;
use super::{Assumptions, Location, source};
use crate::moved;
use crate::openapi::{Document, Schema};

/// A model that no page ties to an operation, and the operation that its name fits.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Fit<'a> {
    pub(in super::super) service: &'a str,
    pub(in super::super) version: &'a str,
    pub(in super::super) method: &'a str,
    pub(in super::super) path: &'a str,
    /// The model as the reference spells it.
    pub(in super::super) model: &'a str,
    /// The spelling that the other names suggest.
    pub(in super::super) name: &'a str,
}

impl Fit<'_> {
    /// What to do about a row that the reference no longer bears out.
    pub(super) fn stale(&self, why: &str) -> String {
        let Self { service, version, method, path, model, .. } = self;
        format!(
            "{service} {version} {method} {path}: the assumption about `{model}` no longer fits: {why}; edit or remove its \
             row of FITS in xtask/src/import/newer/assumed.rs"
        )
    }
}

/// One row for each model whose name fits one operation.
pub(in super::super) const FITS: &[Fit<'static>] = &[
    Fit {
        service: "kms",
        version: "1.4",
        method: "get",
        path: "/v1/kms/transit/{key_id}",
        model: "keyshowresponseincludeprivateaclandsrnv1dot4",
        name: "KeyShowResponseIncludePrivateAclAndSrnV1Dot4",
    },
    Fit {
        service: "configinspection",
        version: "1.3",
        method: "get",
        path: "/v1/configinspection/diagnosis/list",
        model: "configinspectionlistresponsev1dot3",
        name: "ConfigInspectionListResponseV1Dot3",
    },
    Fit {
        service: "configinspection",
        version: "1.3",
        method: "get",
        path: "/v1/configinspection/diagnosis/detail/{diagnosis_id}",
        model: "diagnosisobjectdetailresponsev1dot3",
        name: "DiagnosisObjectDetailResponseV1Dot3",
    },
    Fit {
        service: "configinspection",
        version: "1.3",
        method: "get",
        path: "/v1/configinspection/report/diagnosis/detail",
        model: "diagnosisresultdetailresponsev1dot3",
        name: "DiagnosisResultDetailResponseV1Dot3",
    },
    Fit {
        service: "configinspection",
        version: "1.3",
        method: "get",
        path: "/v1/configinspection/report/diagnosis/list",
        model: "diagnosisresultlistresponsev1dot3",
        name: "DiagnosisResultListResponseV1Dot3",
    },
];

/// Gives the operation an answer that decodes as its page's model and as the fitting one: a field that only one of
/// the two has is optional.
pub(super) fn apply(
    fit: &Fit<'_>,
    page: &mut page::Service,
    fields: &dyn Fn(&str) -> Option<Vec<Field>>,
) -> Result<Assumptions, String> {
    let wanted = |call: &&mut page::Call| {
        call.method == fit.method && moved::is_same(&call.path, fit.path) && call.lifecycle.version == fit.version
    };
    let Some(call) = page.calls.iter_mut().find(wanted) else {
        return Err("the reference has no such operation".to_owned());
    };
    let answers = call.responses.iter_mut().filter_map(|(_, schema)| schema.as_mut());
    let Some((schema, stated)) = answers.filter_map(|own| own.model().map(str::to_owned).map(|m| (own, m))).next()
    else {
        return Err("it answers no model".to_owned());
    };
    if stated == fit.name {
        return Err(format!("the page answers `{stated}` itself"));
    }
    let mut overlay = Overlay { fields, made: Vec::new(), notes: Vec::new() };
    overlay.lay(&stated, fit.model, fit.name)?;
    *schema = Schema::reference_to(fit.name);
    let reason = "The reference spells this name in lower case, and ties the model to no operation; its name fits \
                  this one.";
    overlay.notes.push((Location::model(fit.name), reason.to_owned()));
    for model in overlay.made {
        match page.models.iter_mut().find(|own| own.name == model.name) {
            Some(own) => *own = model,
            None => page.models.push(model),
        }
    }
    let notes = overlay.notes.into_iter();
    Ok(notes.map(|(pointer, reason)| (fit.version.to_owned(), pointer, reason)).collect())
}

struct Overlay<'a> {
    fields: &'a dyn Fn(&str) -> Option<Vec<Field>>,
    made: Vec<page::Model>,
    notes: Vec<(Location, String)>,
}

impl Overlay<'_> {
    /// Makes the model `name` of the page's model and of the one that fits.
    fn lay(&mut self, stated: &str, fitting: &str, name: &str) -> Result<(), String> {
        let read = |model: &str| (self.fields)(model).ok_or_else(|| format!("no model `{model}` can be read"));
        let (own, other) = (read(stated)?, read(fitting)?);
        let mut fields = Vec::new();
        for field in &other {
            let twin = own.iter().find(|own| own.name == field.name);
            let schema = match twin {
                Some(twin) => self.both(&twin.schema, &field.schema)?,
                None => field.schema.clone(),
            };
            let required = field.required && twin.is_some_and(|twin| twin.required);
            if twin.is_none() {
                let reason = "Only a model that the reference ties to no operation has this field.";
                self.notes.push((Location::field(name, &field.name), reason.to_owned()));
            }
            fields.push(Field { required, schema, ..field.clone() });
        }
        for field in own.iter().filter(|own| other.iter().all(|other| other.name != own.name)) {
            let reason = format!("`{stated}` of the page has this field, the model that fits the version does not.");
            self.notes.push((Location::field(name, &field.name), reason));
            fields.push(Field { required: false, ..field.clone() });
        }
        self.made.push(page::Model { name: name.to_owned(), fields });
        Ok(())
    }

    fn both(&mut self, stated: &Schema, fitting: &Schema) -> Result<Schema, String> {
        let facts = |schema: &Schema| Schema { examples: Vec::new(), items: None, reference: None, ..schema.clone() };
        if facts(stated) != facts(fitting) {
            return Err("the two models give a field different types".to_owned());
        }
        if let (Some(own), Some(other)) = (&stated.items, &fitting.items) {
            self.both(own, other)?;
        }
        match (stated.model(), fitting.model()) {
            (Some(own), Some(other)) if own != other => self.lay(own, other, other)?,
            (own, other) if own == other => {}
            _ => return Err("the two models give a field different types".to_owned()),
        }
        Ok(fitting.clone())
    }
}

/// The note about an operation that has no page for the version.
pub(super) fn no_page(version: &str, own: &source::Operation, taken: &str) -> (String, Location, String) {
    let reason = format!("The reference has no page of this operation for {version}; this is {taken}'s.");
    (version.to_owned(), Location::operation(&own.path, &own.method.0), reason)
}

/// The document with a note wherever something is assumed.
pub(super) fn mark(mut document: Document, assumptions: &Assumptions) -> Document {
    let version = document.info.version.clone();
    for (_, place, reason) in assumptions.iter().filter(|(own, ..)| *own == version) {
        place.assume(&mut document, reason);
    }
    document
}
