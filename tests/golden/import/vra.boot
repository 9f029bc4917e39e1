interfaces {
    bonding dp0bond0 {
        address 10.100.11.39/26
        lacp-options {
            activity active
            periodic-rate slow
        }
        mode lacp
        vif 10 {
            address 192.168.255.81/30
            description "VLAN 10 - Two private subnets/VIPs"
            firewall {
                in ALLOW-PRIVATE
                local PROTECT
            }
            vrrp {
                start-delay 60
                vrrp-group 10 {
                    advertise-interval 1
                    notify {
                        bgp
                    }
                    preempt false
                    priority 254
                    sync-group SYNC1
                    virtual-address 10.100.105.177/28
                    virtual-address 10.100.38.1/26
                }
            }
        }
        /* the web servers */
        vif 11 {
            address 192.168.255.89/30
            description "VLAN 11 - One private subnet/VIP"
            firewall {
                in ALLOW-PRIVATE
            }
            mtu 9300
            policy {
                route {
                    pbr TO-PROXY
                }
            }
            vrrp {
                vrrp-group 11 {
                    preempt false
                    priority 254
                    run-transition-scripts {
                        backup "/config/scripts/web.sh stop"
                        master "/config/scripts/web.sh start"
                    }
                    sync-group SYNC1
                    virtual-address 10.100.212.65/26
                }
            }
        }
        vrrp {
            vrrp-group 1 {
                authentication {
                    password "s3cr{t}!"
                    type plaintext-password
                }
                preempt false
                priority 254
                rfc-compatibility
                sync-group SYNC1
                virtual-address 10.100.11.5/26
            }
        }
    }
    bonding dp0bond1 {
        address 169.110.20.28/29
        firewall {
            local PROTECT
        }
        mode lacp
        vrrp {
            vrrp-group 1 {
                fast-advertise-interval 500
                notify {
                    ipsec
                }
                preempt false
                priority 254
                sync-group SYNC1
                track {
                    path-monitor {
                        monitor upstream {
                            policy good {
                                weight {
                                    type decrement
                                    value 50
                                }
                            }
                        }
                    }
                    route-to 0.0.0.0/0 {
                        weight {
                            type decrement
                            value 20
                        }
                    }
                }
                version 3
                virtual-address 169.110.21.26/29
            }
            vrrp-group 300 {
                virtual-address 169.110.21.30/29
            }
        }
    }
    dataplane dp0s0 {
        bond-group dp0bond0
        speed auto
    }
    dataplane dp0s1 {
        bond-group dp0bond1
        speed 40m
    }
    dataplane dp0s2 {
        bond-group dp0bond0
    }
    dataplane dp0s3 {
        bond-group dp0bond1
    }
    dataplane dp0s7 {
        address dhcp
        dhcp-options {
            no-rfc3442
        }
    }
    loopback lo {
    }
    openvpn vtun0 {
        mode server
        server {
            subnet 10.250.0.0/24
        }
    }
    tunnel tun0 {
        address 172.16.0.1/30
        encapsulation gre
        local-ip 169.110.21.26
        remote-ip 198.51.100.9
    }
    tunnel tun1 {
        encapsulation gre
    }
}
policy {
    qos {
        name UPLINK {
            shaper {
                bandwidth auto
            }
        }
    }
    route {
        pbr TO-PROXY {
            rule 10 {
                action accept
                table 20
            }
        }
        prefix-list LOCAL {
            rule 10 {
                action permit
                prefix 10.100.0.0/16
            }
        }
        route-map OUT {
            rule 10 {
                action permit
            }
        }
    }
}
protocols {
    bgp 65010 {
        neighbor 169.110.20.25 {
            remote-as 65000
            vrrp-failover {
                vrrp-group 1
            }
        }
        parameters {
            router-id 169.110.20.28
        }
    }
    ospf {
        area 0 {
            network 10.100.0.0/16
        }
    }
    static {
        arp 10.100.11.7 {
            hwaddr 52:54:00:00:00:07
        }
        /* what the provider announces */
        route 0.0.0.0/0 {
            next-hop 169.110.20.25 {
                distance 10
            }
        }
        route 10.0.0.0/8 {
            next-hop 10.100.11.1 {
            }
        }
        route 172.20.0.0/16 {
            next-hop 10.100.11.2 {
                routing-instance BLUE
            }
        }
        route 192.0.2.0/24 {
            blackhole {
                tag 100
            }
        }
        table 20 {
            route 0.0.0.0/0 {
                next-hop 10.100.38.9 {
                }
            }
        }
    }
}
resources {
    group {
        address-group PARTNERS {
            address 10.100.11.39
            address 10.100.11.40
        }
    }
}
routing {
    routing-instance BLUE {
        interface dp0s7
    }
}
security {
    firewall {
        all-ping enable
        name ALLOW-PRIVATE {
            default-action drop
            rule 10 {
                action accept
                source {
                    address 10.0.0.0/8
                }
                state enable
            }
        }
        name PROTECT {
            default-action drop
            rule 10 {
                action accept
                protocol vrrp
            }
        }
        session-log {
            tcp
        }
    }
    vpn {
        ipsec {
            esp-group ESP {
                pfs enable
                proposal 1 {
                    encryption aes256
                    hash sha2_256
                }
            }
            site-to-site {
                peer 198.51.100.9 {
                    authentication {
                        mode pre-shared-secret
                        pre-shared-secret "very \"secret\" { indeed }"
                    }
                    local-address 169.110.21.26
                }
            }
        }
        openvpn {
            auth local
        }
    }
    zone-policy {
        zone INSIDE {
            interface dp0bond0.10
            to OUTSIDE {
                firewall ALLOW-PRIVATE
            }
        }
    }
}
service {
    connsync {
        failover-mechanism {
            vrrp {
                sync-group SYNC1
            }
        }
        interface dp0bond0
        remote-peer 10.100.11.40
    }
    dhcp-server {
        shared-network-name WEB {
            subnet 10.100.212.64/26 {
                start 10.100.212.100 {
                    stop 10.100.212.120
                }
            }
        }
    }
    https {
        http-redirect enable
        listen-address 10.100.11.39
    }
    nat {
        source {
            rule 10 {
                outbound-interface dp0bond1
                translation {
                    address 169.110.21.26
                }
            }
        }
    }
    path-monitor {
        host provider {
            target 169.110.20.25
            type {
                ping {
                }
            }
        }
        monitor upstream {
            policy good {
            }
            type {
                ping {
                    host provider
                }
            }
        }
        policy good {
            requires {
                type {
                    ping {
                        jitter {
                            threshold 5
                        }
                        packet-loss {
                            threshold 20
                        }
                    }
                }
            }
        }
    }
    snmp {
        community public {
            authorization ro
        }
    }
    ssh {
        listen-address 10.100.11.39
        port 22
    }
    teleport {
        enable
    }
}
system {
    acm {
        enable
    }
    config-management {
        archive {
            location "scp://backup@10.0.0.9/vra"
        }
        commit-revisions 20
    }
    config-sync {
        remote-router 10.100.11.40 {
            password "********"
            sync-map SYNC
            username vyatta
        }
        sync-map SYNC {
            rule 1 {
                action include
                location "security firewall"
            }
        }
    }
    console {
        device ttyS0 {
            speed 9600
        }
    }
    domain-name example.net
    host-name vra1
    login {
        session-timeout 1800
        user vyatta {
            authentication {
                encrypted-password "$6$saltsalt$notahashatall/."
                public-keys admin@example.net {
                    key AAAAB3NzaC1yc2EAAAADAQABAAABAQC7
                    type ssh-rsa
                }
            }
            level admin
        }
    }
    name-server 10.0.80.11
    name-server 10.0.80.12
    ntp {
        server 10.0.77.54 {
        }
    }
    static-host-mapping {
        host-name partner {
            inet 10.100.11.40
        }
    }
    syslog {
        global {
            archive {
                files 20
                size 500
            }
            facility all {
                level info
            }
        }
        host 10.0.0.8 {
            facility all {
                level warning
            }
        }
    }
    time-zone GMT
}


/* Warning: Do not remove the following line. */
/* === vyatta-config-version: "config-management@1:dhcp-relay@2:pim@1:qos@2:routing@5:sflow@1:system@13:twping@1:vlan@1:vpn@2:vrf@1:vrrp@4:vrrp@2:webgui@1:zone-policy@1" === */
/* Release version: 1801zf */
