vault {
  address = "http://127.0.0.1:8200"
}

auto_auth {
  method "token_file" {
    config = {
      token_file_path = "/etc/cloud-bridge/token"
    }
  }
}

template {
  contents    = "{{ with secret \"secret/data/team/db\" }}{{ .Data.data.key1 }}{{ end }}"
  destination = "/run/app/password"
  perms       = "0600"
}
