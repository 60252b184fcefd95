//! The example of `docs/risken.md` that starts a scan and returns what it has found, word for word.

use risken_aws::aws::types::{DataSource, InvokeScanRequest};
use risken_aws::finding::types::Finding;
use risken_aws::{AwsId, ProjectId, Result, Risken};

pub(crate) async fn scan(
    risken: &Risken,
    project: ProjectId,
    aws_id: AwsId,
    before: &DataSource,
) -> Result<Vec<Finding>> {
    let (aws, findings) = (risken.aws(), risken.finding());
    let source_id = before.id()?;
    let scan = InvokeScanRequest::builder().project_id(project).aws_id(aws_id).aws_data_source_id(source_id).build();
    aws.invoke_scan(&scan).await?;
    let scanned = aws.wait_until_scanned(before).await?;

    let mut found = Vec::new();
    let mut ids = findings.list_findings(project).data_source(scanned.data_source).items();
    while let Some(id) = ids.next().await {
        // Missing if it was deleted after the list was read.
        found.extend(findings.show_finding(project, id?.try_into()?).await?.finding);
    }
    Ok(found)
}
