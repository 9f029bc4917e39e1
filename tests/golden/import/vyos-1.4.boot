firewall {
    ipv4 {
        name WAN {
            default-action drop
        }
    }
}
high-availability {
    virtual-server web {
        address 10.1.0.1
        port 80
        real-server 10.0.0.5 {
            health-check {
                script "/config/scripts/check 5"
            }
            port 8080
        }
    }
    vrrp {
        global-parameters {
            garp {
                interval "0.5"
                master-repeat "3"
            }
            startup-delay 30
        }
        group LAN {
            address 10.1.0.1/24 {
            }
            address 10.1.9.1/24 {
                interface eth2
            }
            advertise-interval 2
            authentication {
                password "s3cret"
                type "ah"
            }
            description "Inside, both floors"
            excluded-address 10.1.2.1/24 {
            }
            health-check {
                failure-count 4
                interval 15
                ping 10.1.0.9
            }
            hello-source-address 10.1.0.2
            interface bond0.10
            no-preempt
            peer-address 10.1.0.3
            peer-address 10.1.0.4
            preempt-delay 180
            priority 200
            rfc3768-compatibility
            track {
                exclude-vrrp-interface
                interface eth2
            }
            vrid 10
        }
        group WAN {
            address 192.0.2.10/28 {
            }
            disable
            interface eth1
            transition-script {
                fault "/config/scripts/wan.sh fault"
                master "/config/scripts/wan.sh master"
            }
            vrid 20
        }
        group WAN6 {
            address 2001:db8::10/64 {
            }
            address fe80::10/64 {
            }
            interface eth1
            vrid 21
        }
        snmp
        sync-group MAIN {
            health-check {
                interval 5
                script "/config/scripts/check.sh"
            }
            member LAN
            member WAN
            transition-script {
                master "/config/scripts/main.sh"
            }
        }
    }
}
interfaces {
    bonding bond0 {
        hash-policy layer2+3
        member {
            interface eth5
            interface eth6
        }
        mode active-backup
        vif 10 {
            address 10.1.0.2/24
            description Inside
        }
    }
    ethernet eth1 {
        address dhcp
        hw-id 52:54:00:00:00:01
    }
    ethernet eth2 {
        address 10.1.9.2/24
    }
    loopback lo {
    }
}
service {
    conntrack-sync {
        accept-protocol tcp
        accept-protocol udp
        event-listen-queue-size 8
        failover-mechanism {
            vrrp {
                sync-group MAIN
            }
        }
        interface eth2 {
            peer 10.1.9.3
            port 3780
        }
        interface eth3 {
        }
        sync-queue-size 8
    }
    ssh {
        port 22
    }
}
system {
    host-name gw1
}

// Warning: Do not remove the following line.
// vyos-config-version: "conntrack@5:conntrack-sync@2:vrrp@4"
// Release version: 1.4.0
