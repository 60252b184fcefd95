seal "transit" {
  address         = "https://cloud-bridge.security.svc:8200"
  mount_path      = "transit/"
  key_name        = "orders"
  disable_renewal = "true"
  tls_ca_cert     = "/etc/openbao/cloud-bridge-ca.pem"
}
