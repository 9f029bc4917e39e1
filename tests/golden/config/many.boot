interfaces {
    bonding dp0bond0 {
        address 10.0.0.2/24
        ip {
            gratuitous-arp-count 3
            rpf-check disable
        }
        lacp-options {
            activity passive
            key 0
            periodic-rate fast
        }
        minimum-links 1
        mode active-backup
        primary dp0s9
    }
    dataplane dp0s3 {
        address 192.0.2.2/24
        address 2001:db8::2/64
        cpu-affinity 0-3
        mac 52:54:00:12:34:56
        mtu 9000
        vif 4095 {
            disable
            mtu 1500
            vlan 12
        }
        vlan-protocol 0x88A8
        vrrp {
            start-delay 30
            vrrp-group 3 {
                disable
                virtual-address 192.0.2.12
            }
            vrrp-group 20 {
                advertise-interval 2
                authentication {
                    password "a#b'c"
                    type plaintext-password
                }
                description out
                hello-source-address 192.0.2.2
                notify {
                    bgp
                    ipsec
                }
                preempt true
                preempt-delay 10
                priority 200
                sync-group SYNC1
                virtual-address 192.0.2.11
                virtual-address 192.0.2.1/24
            }
        }
    }
    dataplane dp0s9 {
        bond-group dp0bond0
        description "it's the \"ninth\" port \\ {"
    }
    dataplane dp0s10 {
        bond-group dp0bond0
        duplex auto
        speed auto
    }
    loopback lo {
        address 10.255.0.1/32
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
        remote-peer 10.0.0.3
    }
    path-monitor {
        monitor upstream {
            policy good {
            }
        }
        policy good {
        }
    }
}
